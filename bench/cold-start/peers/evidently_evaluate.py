"""The candidate's scores beside the baseline's with Evidently, the gate's floor as a test, and its report as a page."""
import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.metrics import RocAuc
from evidently.tests import gte

truth = pd.read_csv("rows.csv")[["id", "label"]]


def read(name):
    scored = truth.merge(pd.read_csv(f"{name}.csv"), on="id", validate="one_to_one")
    task = BinaryClassification(target="label", prediction_probas="score", pos_label=1)
    return Dataset.from_pandas(scored, data_definition=DataDefinition(classification=[task]))


snapshot = Report([RocAuc(tests=[gte(0.6)])]).run(read("candidate"), read("baseline"))
snapshot.save_html("evidently.html")
tests = snapshot.dict()["tests"]
assert [test["status"] for test in tests] == ["SUCCESS"], tests
