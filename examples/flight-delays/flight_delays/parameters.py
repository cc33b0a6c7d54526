"""What `--param name=value` may set, with the defaults."""

import json
from pathlib import Path

DEFAULTS = {
    "regularization": 10.0,
    "seed": 7,
    # For trying Headgate out: a model that the gate must refuse …
    "shuffle_labels": False,
    # … and one that scores well but cannot answer a request.
    "break_serving": False,
}


def read(path):
    """The parameters of a run, checked; values may be JSON or, as on a command line, text."""
    given = json.loads(Path(path).read_text()) if path else {}
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        raise SystemExit(f"Unknown parameters: {', '.join(unknown)}. Known: {', '.join(DEFAULTS)}.")
    return {name: convert(name, given.get(name, default)) for name, default in DEFAULTS.items()}


def convert(name, value):
    kind = type(DEFAULTS[name])
    text = str(value).lower()
    try:
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise SystemExit(f"Parameter {name} must be a {kind.__name__}, not {value!r}.") from None
