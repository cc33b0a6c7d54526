"""Reading and writing flights as tables."""

from pathlib import Path

import pyarrow as pa
from pyarrow import csv, json, parquet

from flight_delays import model as models
from flight_delays.columns import ID

READERS = {".parquet": parquet.read_table, ".csv": csv.read_csv, ".ndjson": json.read_json}


def read(paths):
    """The rows of one or more files, named on one line each, as dictionaries."""
    tables = [READERS[Path(path).suffix](path) for path in paths.splitlines() if path]
    return [row for table in tables for row in table.to_pylist()]


def write_predictions(path, model, flights):
    """Scores flights into a file of `id`, `prediction` and `score`, and returns the scores."""
    scores = [models.score(model, flight) for flight in flights]
    columns = {
        ID: [flight[ID] for flight in flights],
        "prediction": [int(score >= models.LATE_FROM) for score in scores],
        "score": scores,
    }
    parquet.write_table(pa.table(columns), path)
    return scores
