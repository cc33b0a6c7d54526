import sqlite3

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from churn import database, features, model, snapshot, tables
from churn.columns import LABEL

CUSTOMER = {
    "customer_id": 1, "signed_up_on": "2025-01-31", "plan": "plus", "monthly_fee": 19.9, "months": 0,
    "support_calls": 2, "hours_used": 0.0, "churned": 0,
}  # fmt: skip


def inputs(**changed):
    return features.inputs(pd.DataFrame([{**CUSTOMER, **changed}])).iloc[0]


@pytest.fixture
def engine(tmp_path):
    file = tmp_path / "a database.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
        connection.executemany("INSERT INTO customers VALUES (?)", [(1,), (2,), (3,)])
    return database.connect(f"sqlite:///{file}")


def test_a_session_cannot_write(engine):
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM customers"))


def test_a_missing_database_is_told_and_not_made(tmp_path):
    with pytest.raises(SystemExit, match="no database"):
        database.connect(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_the_limit_are_an_error(engine):
    assert list(database.read(engine, "SELECT id FROM customers", 3)["id"]) == [1, 2, 3]
    with pytest.raises(SystemExit, match="more than 2 rows"):
        database.read(engine, "SELECT id FROM customers", 2)


def test_a_customer_stays_on_one_side():
    # CRC-32 of "123456789" is 0xCBF43926, the algorithm's check value: 0.797 of the way.
    assert not snapshot.is_held_out(123456789)
    sides = [snapshot.is_held_out(number) for number in range(10_000)]
    assert sum(sides) / len(sides) == pytest.approx(snapshot.HELD_OUT_SHARE, abs=0.02)


def test_the_same_rows_give_the_same_bytes(tmp_path):
    rows = pd.DataFrame([{**CUSTOMER, "hours_used": None}, CUSTOMER])
    other = rows.assign(signed_up_on=pd.to_datetime(rows["signed_up_on"]), monthly_fee=rows["monthly_fee"].astype(object))
    tables.write(rows, tmp_path / "a.parquet")
    tables.write(other, tmp_path / "b.parquet")
    assert tables.digest(tmp_path / "a.parquet") == tables.digest(tmp_path / "b.parquet")
    assert len(tables.read(f"{tmp_path}/a.parquet\n{tmp_path}/b.parquet")) == 4


def test_unknown_hours_are_told_apart_from_none():
    assert (inputs()["hours_used"], inputs()["hours_unknown"]) == (0.0, 0.0)
    assert inputs(hours_used=float("nan"))["hours_unknown"] == 1.0


def test_an_unknown_plan_is_none_of_the_known_ones():
    assert inputs()["plan=plus"] == 1.0
    assert sum(value for name, value in inputs(plan="gold").items() if name.startswith("plan=")) == 0.0


def test_the_label_is_no_input():
    assert inputs(**{LABEL: 1}).equals(inputs())


def test_a_stored_model_scores_as_the_logistic_function_says(tmp_path):
    frame = features.inputs(pd.DataFrame([CUSTOMER]))
    coefficients = {name: 2.0 if name == "support_calls" else 0.0 for name in frame.columns}
    model.save({"intercept": 0.2, "coefficients": coefficients}, tmp_path)
    # Two calls are 0.4: the logit is 0.2 + 2 · 0.4 = 1.
    assert model.score(model.load(tmp_path), frame)[0] == pytest.approx(0.7310585786300049)


def test_a_model_of_other_inputs_is_refused():
    with pytest.raises(ValueError, match="other inputs"):
        model.score({"intercept": 0, "coefficients": {"age": 1}}, features.inputs(pd.DataFrame([CUSTOMER])))
