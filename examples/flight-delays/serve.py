"""Serves a model over HTTP: python serve.py MODEL_FOLDER PORT

    GET  /health    200 once the model is loaded
    POST /predict   {"flights": [{…}]} → {"predictions": [{"late": 0, "score": 0.1234}]}
    GET  /metrics   for Prometheus
"""

import json
import signal
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from flight_delays import features, model

REQUESTS = Counter("http_requests_total", "Answers to /predict.", ["status"])
DURATION = Histogram("http_request_duration_seconds", "Time to answer /predict.")
LARGEST_BODY = 1_000_000


class Server(ThreadingHTTPServer):
    # On SIGTERM, wait for the threads that still answer somebody.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, loaded, port):
        self.model = loaded
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    # Nobody may hold a thread, and with it the shutdown, by sending nothing.
    timeout = 10

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, {"status": "ok"})
        elif self.path == "/metrics":
            self.send(200, CONTENT_TYPE_LATEST, generate_latest())
        else:
            self.answer(404, {"error": "try /health, /predict or /metrics"})

    def do_POST(self):
        if self.path != "/predict":
            return self.answer(404, {"error": "try /predict"})
        started = time.perf_counter()
        status, content = self.predict()
        # Counted before answering, so that whoever has the answer finds it in /metrics.
        REQUESTS.labels(status).inc()
        DURATION.observe(time.perf_counter() - started)
        self.answer(status, content)

    def predict(self):
        try:
            return 200, {"predictions": [self.prediction(flight) for flight in self.flights()]}
        except BadRequest as error:
            return 400, {"error": str(error)}
        except Exception:
            traceback.print_exc()
            return 500, {"error": "the model could not score these flights"}

    def flights(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            raise BadRequest(f"the body is larger than {LARGEST_BODY} bytes")
        try:
            flights = json.loads(self.rfile.read(length))["flights"]
        except (ValueError, KeyError, TypeError):
            raise BadRequest('expected JSON like {"flights": [{…}]}') from None
        if not isinstance(flights, list):
            raise BadRequest('"flights" must be a list')
        for number, flight in enumerate(flights):
            problem = features.problem(flight)
            if problem:
                raise BadRequest(f"flight {number}: {problem}")
        return flights

    def prediction(self, flight):
        score = model.score(self.server.model, flight)
        return {"late": int(score >= model.LATE_FROM), "score": round(score, self.server.model["decimals"])}

    def answer(self, status, content):
        self.send(status, "application/json", json.dumps(content).encode())

    def send(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The metrics say it; a line per request would not."""


class BadRequest(Exception):
    pass


def main(folder, port):
    for status in (200, 400, 500):
        REQUESTS.labels(status)
    server = Server(model.load(folder), int(port))
    # shutdown() waits for serve_forever(), which this thread is in: hence another one.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"Serving {folder} on port {port}", flush=True)
    with server:
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
