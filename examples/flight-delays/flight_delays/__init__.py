"""Shared by train.py, predict.py and serve.py, so that all three see a flight the same way."""
