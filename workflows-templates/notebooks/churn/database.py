"""The database: its address comes from the environment, and every session only reads.

A read-only session is a guard against mistakes. What keeps a secret from doing harm is the
database's own user: give it SELECT on what the query needs, and nothing else.
"""

import os
import sqlite3
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

VARIABLE = "DATABASE_URL"
DEMONSTRATION = "sqlite:///data/churn.db"
SECONDS_PER_STATEMENT = 300


def connect(address: str | None = None) -> Engine:
    """An engine whose sessions cannot write; printing its `url` does not show the password."""
    # A secret that a CI does not have comes as an empty text.
    url = make_url(address or os.environ.get(VARIABLE) or DEMONSTRATION)
    if url.get_backend_name() == "sqlite":
        return sqlite(url)
    if url.get_backend_name() in ("postgres", "postgresql"):
        return postgres(url)
    raise SystemExit(f"{VARIABLE}: only SQLite and PostgreSQL are read-only here, not {url.get_backend_name()}.")


def sqlite(url: URL) -> Engine:
    file = Path(url.database or "").absolute()
    if not file.is_file():
        raise SystemExit(f"There is no database {file}. Set {VARIABLE}, or run: python scripts/make_database.py")
    # `mode=ro` is SQLite's own: nothing is written, and no empty file is made of a misspelt name.
    return create_engine(url, creator=lambda: sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))


def postgres(url: URL) -> Engine:
    options = f"-c default_transaction_read_only=on -c statement_timeout={SECONDS_PER_STATEMENT}s"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        # One state of the database, however long it takes to read.
        isolation_level="REPEATABLE READ",
        connect_args={"options": options, "connect_timeout": 20},
    )


def read(engine: Engine, query: str, row_limit: int) -> pd.DataFrame:
    """The rows of a query: all of them, or an error. A limit that cuts silently would train on a part."""
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT * FROM ({query}) AS rows LIMIT :most"), {"most": row_limit + 1})
        frame = pd.DataFrame(rows.fetchall(), columns=list(rows.keys()))
    if len(frame) > row_limit:
        raise SystemExit(f"The query gives more than {row_limit:,} rows: narrow it, or raise `row_limit`.")
    return frame
