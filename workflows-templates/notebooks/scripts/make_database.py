"""Makes the demonstration's database: python scripts/make_database.py [URL]

Without a URL it is SQLite's data/churn.db. The same seed gives the same customers in every
database. Delete this file once DATABASE_URL names one of yours.
"""

import datetime
import sys
from pathlib import Path

import numpy as np
from sqlalchemy import Column, Date, Float, Integer, MetaData, Numeric, String, Table, create_engine
from sqlalchemy.engine import make_url

ROWS = 6000
SEED = 7
FEES = {"basic": 9.9, "plus": 19.9, "family": 29.9}
LAST_DAY = datetime.date(2025, 6, 30)

customers = Table(
    "customers",
    MetaData(),
    Column("customer_id", Integer, primary_key=True),
    Column("signed_up_on", Date, nullable=False),
    Column("plan", String(20), nullable=False),
    Column("monthly_fee", Numeric(8, 2, asdecimal=False), nullable=False),
    Column("months", Integer, nullable=False),
    Column("support_calls", Integer, nullable=False),
    Column("hours_used", Float),
    Column("churned", Integer, nullable=False),
)


def rows() -> list[dict]:
    random = np.random.default_rng(SEED)
    plan = random.choice(list(FEES), ROWS, p=[0.5, 0.35, 0.15])
    months = random.geometric(0.06, ROWS)
    calls = random.poisson(0.8, ROWS)
    hours = random.gamma(2.0, 6.0, ROWS).round(1)
    logit = -1.0 + 1.6 * (months < 3) - 0.5 * np.log1p(months) + 1.1 * calls - 0.09 * hours + 0.6 * (plan == "basic")
    churned = random.random(ROWS) < 1 / (1 + np.exp(-logit))
    unknown = random.random(ROWS) < 0.02
    return [
        {
            "customer_id": 100_000 + index,
            "signed_up_on": LAST_DAY - datetime.timedelta(days=int(30 * months[index])),
            "plan": str(plan[index]),
            "monthly_fee": FEES[plan[index]],
            "months": int(months[index]),
            "support_calls": int(calls[index]),
            "hours_used": None if unknown[index] else float(hours[index]),
            "churned": int(churned[index]),
        }
        for index in range(ROWS)
    ]


if __name__ == "__main__":
    Path("data").mkdir(exist_ok=True)
    url = make_url(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///data/churn.db")
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    with engine.begin() as connection:
        customers.drop(connection, checkfirst=True)
        customers.create(connection)
        connection.execute(customers.insert(), rows())
    print(f"{ROWS:,} customers in {engine.url}")
