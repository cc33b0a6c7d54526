"""Takes the state of the database that a training rests on: python -m churn.snapshot

Databases change; files have a digest. Headgate validates, trains and gates on these files, so
that a year later it is known what a model was trained on.
"""

import argparse
import zlib
from pathlib import Path

from sqlalchemy import Engine

from churn import database, tables
from churn.columns import ID

QUERY = Path(__file__).parent.parent / "queries" / "customers.sql"
TRAINING = Path("data/train.parquet")
HELD_OUT = Path("data/test.parquet")
ROW_LIMIT = 200_000
HELD_OUT_SHARE = 0.25


def take(engine: Engine, row_limit: int = ROW_LIMIT) -> Path:
    """Writes the training rows and the held-out ones, and returns the path of the training rows."""
    frame = database.read(engine, QUERY.read_text(), row_limit).sort_values(ID)
    held_out = frame[ID].map(is_held_out)
    tables.write(frame[held_out], HELD_OUT)
    tables.write(frame[~held_out], TRAINING)
    return TRAINING


def is_held_out(identifier: int) -> bool:
    """By the id alone, so that no customer ever changes sides and a later model is judged on rows it never saw."""
    return zlib.crc32(str(identifier).encode()) / 2**32 < HELD_OUT_SHARE


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Writes data/train.parquet and data/test.parquet.")
    arguments.add_argument("--row-limit", type=int, default=ROW_LIMIT)
    engine = database.connect()
    print(f"Reading from {engine.url}")
    take(engine, arguments.parse_args().row_limit)
    for path in (TRAINING, HELD_OUT):
        print(f"{path}: {len(tables.read(path)):,} rows, {tables.digest(path)}")
