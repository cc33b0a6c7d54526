"""The model as it is stored: a JSON file of coefficients.

Nothing executable is ever loaded, unlike a pickle or joblib file, so a model can be opened
without trusting whoever wrote it.
"""

import json
import math
from pathlib import Path

from flight_delays import features

FILE = "model.json"
FORMAT = 1
LATE_FROM = 0.5


def save(folder, intercept, coefficients, decimals=4):
    """Writes the model. `decimals` is how the server rounds the scores it answers with."""
    named = dict(zip(features.names(), coefficients, strict=True))
    content = {"format": FORMAT, "intercept": intercept, "coefficients": named, "decimals": decimals}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def load(folder):
    """Reads a model and refuses one that was made for other features."""
    model = json.loads((Path(folder) / FILE).read_text())
    if model["format"] != FORMAT:
        raise ValueError(f"{FILE} has format {model['format']}, this code reads format {FORMAT}")
    if list(model["coefficients"]) != features.names():
        raise ValueError(f"{FILE} was trained on other features than this code computes")
    return model


def score(model, flight):
    """The probability that a flight arrives more than 15 minutes late."""
    weighted = zip(model["coefficients"].values(), features.vector(flight), strict=True)
    logit = model["intercept"] + sum(coefficient * value for coefficient, value in weighted)
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
