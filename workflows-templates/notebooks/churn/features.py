"""The model's inputs, computed from a customer's columns.

Said once: training and the gate run these very lines. What only the notebook knew, production
would have to guess.
"""

import numpy as np
import pandas as pd

from churn.columns import PLANS


def inputs(customers: pd.DataFrame) -> pd.DataFrame:
    """One row of numbers per customer. An unknown plan counts as none of them."""
    hours = customers["hours_used"].astype("float64")
    columns = {
        "monthly_fee": customers["monthly_fee"] / 10,
        "months": np.log1p(customers["months"]),
        "is_new": (customers["months"] < 3).astype("float64"),
        "support_calls": np.minimum(customers["support_calls"], 10) / 5,
        "hours_used": np.log1p(hours.fillna(0)),
        "hours_unknown": hours.isna().astype("float64"),
    }
    plans = {f"plan={plan}": (customers["plan"] == plan).astype("float64") for plan in PLANS}
    return pd.DataFrame({**columns, **plans})
