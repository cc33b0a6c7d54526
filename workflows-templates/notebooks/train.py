# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which customers will leave?
#
# Run it from the project's root. `train.py` is this notebook as text: review that one.

# %% [markdown]
# ## 1 Parameters

# %% tags=["parameters"]
data = ""  # the training rows, a file or a list of files; empty: take a new snapshot of the database
output = "output"  # where model/, predictions.parquet, metrics.json and figures/ go
row_limit = 200_000
regularization = 1.0
seed = 7

# %% [markdown]
# ## 2 Configuration and database
#
# The address is a secret: it comes from `DATABASE_URL`, never from a cell.

# %%
import json
import os
import random
from pathlib import Path

# More threads only get in each other's way on data this small.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from matplotlib import pyplot
from sklearn.metrics import RocCurveDisplay, brier_score_loss, roc_auc_score

from churn import contract, database, features, model, snapshot, tables, tracking
from churn.columns import LABEL

random.seed(seed)
np.random.seed(seed)
if not data:
    engine = database.connect()
    print(f"Reading from {engine.url}")

# %% [markdown]
# ## 3 Data, and its digest

# %%
data = "\n".join([data] if isinstance(data, str) else data) or str(snapshot.take(engine, row_limit))
customers = tables.read(data)
held_out = tables.read(snapshot.HELD_OUT)
source = {"rows": len(customers), **{os.path.relpath(path): tables.digest(path) for path in data.splitlines()}}
source

# %% [markdown]
# ## 4 Validation
#
# What the data promises stands in `contract.yaml`, for the pipeline and for this notebook.

# %%
print(contract.require_valid(data))

# %% [markdown]
# ## 5 Preprocessing
#
# It lives in `churn/features.py`: the gate and production run the same lines.

# %%
inputs = features.inputs(customers)
labels = customers[LABEL]
inputs.describe().T

# %% [markdown]
# ## 6 Experiment

# %%
with tracking.experiment("churn", {"regularization": regularization, "seed": seed}, source) as run:
    areas = model.cross_validate(inputs, labels, regularization, seed)
    for fold, area in enumerate(areas):
        run.metric("fold_roc_auc", area, step=fold)
    fitted = model.fit(inputs, labels, regularization)
    predictions = model.predictions(fitted, held_out)
    metrics = {
        "roc_auc": roc_auc_score(held_out[LABEL], predictions["score"]),
        "brier_score": brier_score_loss(held_out[LABEL], predictions["score"]),
        "cross_validated_roc_auc": float(np.mean(areas)),
    }
    run.results(metrics)
metrics

# %% [markdown]
# ## 7 Outputs, by Headgate's training contract

# %%
folder = Path(output)
(folder / "figures").mkdir(parents=True, exist_ok=True)
model.save(fitted, folder / "model")
predictions.to_parquet(folder / "predictions.parquet", index=False)
(folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
(folder / "dataset.json").write_text(json.dumps(source, indent=2) + "\n")
RocCurveDisplay.from_predictions(held_out[LABEL], predictions["score"])
pyplot.savefig(folder / "figures" / "roc.png")
pd.Series(fitted["coefficients"]).sort_values()
