"""The names of the columns, said once."""

ID = "id"
TIMESTAMP = "scheduled_departure"
LABEL = "late"
CATEGORIES = {
    "carrier": ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV"),
    "origin": ("EWR", "JFK", "LGA"),
}
NUMBERS = (
    "distance",
    "departure_hour",
    "temperature",
    "humidity",
    "precipitation",
    "origin_delay",
    "carrier_delay",
    "route_delay",
)
FEATURES = (*CATEGORIES, *NUMBERS)
