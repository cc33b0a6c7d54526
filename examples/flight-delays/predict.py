"""Scores the gate's test rows with any stored version of the model.

Called by Headgate with HEADGATE_MODEL (a model's folder), HEADGATE_DATA (the test rows, without
labels) and HEADGATE_OUTPUT, where it leaves predictions.parquet.
"""

import os
from pathlib import Path

from flight_delays import model, tables

if __name__ == "__main__":
    flights = tables.read(os.environ["HEADGATE_DATA"])
    predictions = Path(os.environ["HEADGATE_OUTPUT"]) / "predictions.parquet"
    tables.write_predictions(predictions, model.load(os.environ["HEADGATE_MODEL"]), flights)
    print(f"Scored {len(flights)} flights")
