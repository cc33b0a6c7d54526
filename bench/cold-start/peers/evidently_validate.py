"""The contract's checks of rows.csv with Evidently, and its report as a page."""
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import MissingValueCount, OutListValueCount, OutRangeValueCount, RowCount
from evidently.tests import eq

rows = pd.read_csv("rows.csv")
definition = DataDefinition(numerical_columns=["amount", "age"], categorical_columns=["country", "label"])
none = [eq(0)]
checks = [
    RowCount(tests=[eq(100)]),
    *[MissingValueCount(column=column, tests=none) for column in ["amount", "age", "country", "label"]],
    OutRangeValueCount(column="amount", left=0, right=500, tests=none),
    OutRangeValueCount(column="age", left=18, right=120, tests=none),
    OutListValueCount(column="country", values=["CH", "DE", "FR"], tests=none),
    OutListValueCount(column="label", values=[0, 1], tests=none),
]
snapshot = Report(checks).run(Dataset.from_pandas(rows, data_definition=definition))
snapshot.save_html("evidently.html")
tests = snapshot.dict()["tests"]
assert len(tests) == len(checks) and all(test["status"] == "SUCCESS" for test in tests), tests
