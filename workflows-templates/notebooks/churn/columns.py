"""The columns, by role. What they promise stands in contract.yaml."""

import pyarrow as pa

ID = "customer_id"
LABEL = "churned"
PLANS = ("basic", "plus", "family")
NUMBERS = ("monthly_fee", "months", "support_calls", "hours_used")

# A database has its own ideas of a number; this is what a snapshot holds, wherever it came from.
SCHEMA = pa.schema(
    [
        (ID, pa.int64()),
        ("signed_up_on", pa.date32()),
        ("plan", pa.string()),
        ("monthly_fee", pa.float64()),
        ("months", pa.int64()),
        ("support_calls", pa.int64()),
        ("hours_used", pa.float64()),
        (LABEL, pa.int64()),
    ]
)
