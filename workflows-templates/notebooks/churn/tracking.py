"""An experiment's run in MLflow, where MLFLOW_TRACKING_URI names a server; without one, everything goes on.

Under `headgate train` the run is Headgate's: it logs parameters, data, artifacts and metrics.json,
and closes the run with its true status. Only what it cannot know is added here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class Run:
    """Where values go: to MLflow, or, with no run of one, nowhere."""

    def __init__(self, mlflow=None):
        self.mlflow = mlflow
        self.is_own = mlflow is not None and "MLFLOW_RUN_ID" not in os.environ

    def metric(self, name: str, value: float, step: int | None = None) -> None:
        """A value that metrics.json does not hold, such as one of a course."""
        if self.mlflow:
            self.mlflow.log_metric(name, value, step=step)

    def results(self, metrics: dict[str, float]) -> None:
        """Those of metrics.json."""
        if self.is_own:
            self.mlflow.log_metrics(metrics)


@contextmanager
def experiment(name: str, parameters: dict, data: dict) -> Iterator[Run]:
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        print("MLFLOW_TRACKING_URI is not set: this run is not tracked.")
        yield Run()
        return
    import mlflow

    run = Run(mlflow)
    if run.is_own:
        mlflow.set_experiment(name)
    with mlflow.start_run():
        if run.is_own:
            mlflow.log_params(parameters)
            mlflow.set_tags({f"data.{key}": value for key, value in data.items()})
        yield run
