"""Answers 204 when the provider's own library says that the signature is right, and 400 with its
complaint when it says no."""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook


def slack(body, headers):
    verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])
    if not verifier.is_valid_request(body, headers):
        raise ValueError("slack_sdk says no")


def standard_webhooks(body, headers):
    Webhook(os.environ["STANDARD_WEBHOOKS_SECRET"]).verify(body, headers)


RECEIVERS = {"/slack": slack, "/standard-webhooks": standard_webhooks}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            RECEIVERS[self.path](body, headers)
            self.send_response(204)
            self.end_headers()
        except Exception as error:
            self.send_response(400)
            self.end_headers()
            self.wfile.write(f"{type(error).__name__}: {error}".encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
# Whoever started it keeps its input open; it ends with them.
sys.stdin.read()
