"""What the notebook, the gate's `predict.py` and the tests share."""
