"""Training, and the model as it is stored: a JSON file of coefficients.

Nothing executable is ever loaded, unlike a pickle or joblib file, so a model can be opened
without trusting whoever wrote it.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from churn import features
from churn.columns import ID

FILE = "model.json"
CHURNS_FROM = 0.5
FOLDS = 5


def fit(inputs: pd.DataFrame, labels: pd.Series, regularization: float) -> dict:
    """A logistic regression for inputs as `features.inputs` gives them, not standardised ones."""
    scaler = StandardScaler()
    regression = LogisticRegression(C=1 / regularization, max_iter=500).fit(scaler.fit_transform(inputs), labels)
    coefficients = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - coefficients @ scaler.mean_
    return {"intercept": float(intercept), "coefficients": dict(zip(inputs.columns, coefficients.tolist(), strict=True))}


def cross_validate(inputs: pd.DataFrame, labels: pd.Series, regularization: float, seed: int) -> list[float]:
    """ROC AUC of each fold, on training rows only: the held-out ones are for the gate."""
    areas = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(inputs, labels):
        fitted = fit(inputs.iloc[train], labels.iloc[train], regularization)
        areas.append(float(roc_auc_score(labels.iloc[test], score(fitted, inputs.iloc[test]))))
    return areas


def save(model: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(model, indent=2, allow_nan=False) + "\n")


def load(folder: str | Path) -> dict:
    return json.loads((Path(folder) / FILE).read_text())


def score(model: dict, inputs: pd.DataFrame) -> np.ndarray:
    """The probability that each customer leaves."""
    if list(model["coefficients"]) != list(inputs.columns):
        raise ValueError(f"{FILE} was trained on other inputs than churn/features.py computes")
    coefficients = np.array(list(model["coefficients"].values()))
    return 1 / (1 + np.exp(-(model["intercept"] + inputs.to_numpy() @ coefficients)))


def predictions(model: dict, customers: pd.DataFrame) -> pd.DataFrame:
    """What the gate reads: id, prediction and score."""
    scores = score(model, features.inputs(customers))
    return pd.DataFrame({ID: customers[ID], "prediction": (scores >= CHURNS_FROM).astype("int64"), "score": scores})
