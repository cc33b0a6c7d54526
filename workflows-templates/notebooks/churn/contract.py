"""Holds data to contract.yaml: by Headgate, so that a notebook and the pipeline never differ in what they accept."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from churn import tables

CONTRACT = "contract.yaml"
ACCEPTED = ("pass", "warn")


def require_valid(paths: str | Path) -> str:
    """Says which check accepted the data, or stops. In the pipeline that is the stage that ran before training."""
    return "\n".join(require_valid_file(path) for path in str(paths).splitlines() if path)


def require_valid_file(path: str) -> str:
    document = of_pipeline(path) or validate(path)
    if document["verdict"] not in ACCEPTED:
        broken = [check for check in document["checks"] if check["status"] not in ACCEPTED]
        lines = [f"  {check['id']}: {check['observed']}, expected {check['expected']}" for check in broken]
        raise SystemExit("\n".join([f"{path} breaks {CONTRACT}: {document['summary']}", *lines]))
    return f"{path}: {document['summary']}"


def of_pipeline(path: str) -> dict | None:
    """The document of the stage `validate-data`, where it is about just this file."""
    output = os.environ.get("HEADGATE_OUTPUT")
    file = Path(output).parent / "validation.json" if output else None
    if file is None or not file.is_file():
        return None
    document = json.loads(file.read_text())
    return document if document["data"]["digest"] == tables.digest(path) else None


def validate(path: str) -> dict:
    headgate = shutil.which("headgate")
    if headgate is None:
        raise SystemExit(f"{path} was not validated, and there is no `headgate` on PATH to do it: see GUIDE.md.")
    with tempfile.TemporaryDirectory() as folder:
        words = ["validate-data", "--data", path, "--contract", CONTRACT, "--work-folder", folder, "--format", "json"]
        ended = subprocess.run([headgate, *words], capture_output=True, text=True)
    # 1 is a verdict, like 0; everything else came to none.
    if ended.returncode not in (0, 1):
        raise SystemExit(f"{path} could not be validated:\n{ended.stderr}")
    return json.loads(ended.stdout)
