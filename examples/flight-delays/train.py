"""Trains a logistic regression that says which flights will arrive more than 15 minutes late.

Called by Headgate with HEADGATE_DATA (the training files), HEADGATE_PARAMS (a JSON file) and
HEADGATE_OUTPUT (an empty folder), where it leaves model/, predictions.parquet and metrics.json.
"""

import json
import os
import random
from pathlib import Path

# More threads only get in each other's way on data this small.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

from flight_delays import features, model, parameters, tables
from flight_delays.columns import LABEL

TEST_DATA = Path(__file__).parent / "data" / "test.parquet"


def main():
    output = Path(os.environ["HEADGATE_OUTPUT"])
    chosen = parameters.read(os.environ.get("HEADGATE_PARAMS"))
    flights = tables.read(os.environ["HEADGATE_DATA"])
    labels = [flight[LABEL] for flight in flights]
    if chosen["shuffle_labels"]:
        random.Random(chosen["seed"]).shuffle(labels)
    print(f"Training on {len(flights)} flights, {sum(labels) / len(labels):.1%} of them late")

    intercept, coefficients = fit(flights, labels, chosen["regularization"])
    decimals = "four" if chosen["break_serving"] else 4
    model.save(output / "model", intercept, coefficients, decimals)
    report(output)


def fit(flights, labels, regularization):
    """Intercept and coefficients for features as `features.vector` gives them, not standardised ones."""
    scaler = StandardScaler()
    inputs = scaler.fit_transform([features.vector(flight) for flight in flights])
    regression = LogisticRegression(C=1 / regularization, max_iter=500).fit(inputs, labels)
    coefficients = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - coefficients @ scaler.mean_
    return float(intercept), coefficients.tolist()


def report(output):
    """Scores the held-out flights with the model as stored, as whoever downloads it will."""
    held_out = tables.read(str(TEST_DATA))
    scores = tables.write_predictions(output / "predictions.parquet", model.load(output / "model"), held_out)
    labels = [flight[LABEL] for flight in held_out]
    metrics = {"roc_auc": roc_auc_score(labels, scores), "brier_score": brier_score_loss(labels, scores)}
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    print(f"On {len(held_out)} held-out flights: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    main()
