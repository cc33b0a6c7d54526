"""Turns one flight into the numbers that the model multiplies.

Plain Python on purpose: training, the gate and the server run these very lines, and the server
needs neither NumPy nor scikit-learn to start.
"""

import math

from flight_delays.columns import CATEGORIES, FEATURES, NUMBERS

TYPICAL = {"temperature": 50.0, "humidity": 60.0, "precipitation": 0.0}
REQUIRED = ("distance", "departure_hour")
DELAYS = ("origin_delay", "carrier_delay", "route_delay")


def problem(flight):
    """What is wrong with a flight that somebody sent, or None. Numbers may be null, but not absent."""
    if not isinstance(flight, dict):
        return "is not an object"
    missing = [name for name in FEATURES if name not in flight]
    if missing:
        return f"lacks {', '.join(missing)}"
    wrong = [name for name in NUMBERS if not is_number(flight[name]) and (name in REQUIRED or flight[name] is not None)]
    return f"{', '.join(wrong)} must be a number" if wrong else None


def vector(flight):
    """The model's inputs for one flight, in the order of `names()`. Unknown categories count as none of them."""
    hour = flight["departure_hour"] / 24
    temperature = known(flight, "temperature") / 50
    humidity = known(flight, "humidity") / 100
    values = [
        flight["distance"] / 1000,
        hour, hour**2, hour**3,
        temperature, temperature**2, max(temperature - 1.4, 0.0),
        humidity, max(humidity - 0.8, 0.0),
        math.log1p(100 * known(flight, "precipitation")),
    ]
    for name in DELAYS:
        values.extend(delay(flight[name]))
    for name, categories in CATEGORIES.items():
        values.extend(float(flight[name] == category) for category in categories)
    return values


def names():
    """What each number of `vector` is."""
    result = [
        "distance",
        "hour", "hour^2", "hour^3",
        "temperature", "temperature^2", "temperature>70",
        "humidity", "humidity>80",
        "precipitation",
    ]
    for name in DELAYS:
        result.extend([name, f"{name}>10", f"{name} unknown"])
    for name, categories in CATEGORIES.items():
        result.extend(f"{name}={category}" for category in categories)
    return result


def known(flight, name):
    value = flight[name]
    return TYPICAL[name] if is_missing(value) else value


def delay(minutes):
    """A recent mean delay: signed logarithm, the part above ten minutes, and whether nothing had departed."""
    if is_missing(minutes):
        return [0.0, 0.0, 1.0]
    return [math.copysign(math.log1p(abs(minutes)), minutes), max(minutes - 10, 0.0) / 20, 0.0]


def is_missing(value):
    return value is None or value != value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
