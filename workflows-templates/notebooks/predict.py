"""Scores the gate's test rows with any stored version of the model.

Called by Headgate with HEADGATE_MODEL (a model's folder), HEADGATE_DATA (the test rows, without
labels) and HEADGATE_OUTPUT, where it leaves predictions.parquet.
"""

import os
from pathlib import Path

from churn import model, tables

if __name__ == "__main__":
    customers = tables.read(os.environ["HEADGATE_DATA"])
    scored = model.predictions(model.load(os.environ["HEADGATE_MODEL"]), customers)
    scored.to_parquet(Path(os.environ["HEADGATE_OUTPUT"]) / "predictions.parquet", index=False)
    print(f"Scored {len(scored):,} customers")
