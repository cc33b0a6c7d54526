"""Reading and writing tables as Parquet."""

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from churn.columns import SCHEMA


def read(paths: str | Path) -> pd.DataFrame:
    """The rows of one or more files, named on one line each."""
    return pd.concat([read_file(path) for path in str(paths).splitlines() if path], ignore_index=True)


def read_file(path: str) -> pd.DataFrame:
    # A thread of Arrow's that outlives Python's exit aborts it (apache/arrow#34314): so, none.
    with parquet.ParquetFile(path) as file:
        return file.read(use_threads=False).to_pandas(use_threads=False)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Writes rows in the types of `SCHEMA`. The same rows give the same bytes, whichever database they are from."""
    columns = {field.name: values(frame[field.name], field.type) for field in SCHEMA}
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns, schema=SCHEMA), path, compression="zstd")


def values(column: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(kind):
        column = pd.to_datetime(column).dt.date
    elif pa.types.is_floating(kind):
        column = column.astype("float64")
    return pa.array(column, type=kind, from_pandas=True)


def digest(path: str | Path) -> str:
    """As in Headgate's documents."""
    with open(path, "rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
