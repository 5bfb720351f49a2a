#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between an agent and the real control plane and spoils answers: spoiler.py ADDRESS PORT CONTROL_URL.

GET /spoil/NAME says what is done from then on with everything but /healthz; /spoil/none: pass on as it is."""

import http.server
import json
import sys
import urllib.error
import urllib.request

HTML = b"<!DOCTYPE html><html><body><h1>Sign in to the hotel's network</h1></body></html>"
MEGABYTE = b" " * (1 << 20)


def error(status, text):
    return status, "application/json", json.dumps({"error": text}).encode()


FAULTS = {
    "unauthorized": error(401, "token has no uses left"),
    "not-found": error(404, "network not found"),
    "conflict": error(409, "node name already exists"),
    "server-error": error(500, "database is locked"),
    "html": (200, "text/html", HTML),
    "truncated": (200, "application/json", b'{"node_token": "abc", "netmap": {"network": {"id'),
    "too-large": (200, "application/json", None),
}


def hostile(value):
    """A netmap that reaches for the default route, the local network and this device's own address."""
    netmap = value.get("netmap", value)
    for peer in netmap.get("peers") or []:
        peer["routes"] = [{"prefix": prefix, "kind": "subnet", "enabled": True}
                          for prefix in ("0.0.0.0/0", "203.0.113.0/24", "127.0.0.0/8")]
    return value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    control = None
    fault = "none"

    def log_message(self, *arguments):
        pass

    def pass_on(self, body):
        request = urllib.request.Request(self.control + self.path, data=body, method=self.command)
        for name in ("Authorization", "Content-Type"):
            if self.headers.get(name):
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request, timeout=330) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.headers.get("Content-Type", ""), problem.read()

    def answer(self, body):
        if self.path.startswith("/spoil/"):
            Handler.fault = self.path.removeprefix("/spoil/")
            return 200, "text/plain", b"ok"
        if self.fault == "not-lightscale":
            return 200, "text/html", HTML
        if self.fault in FAULTS and self.path != "/healthz":
            return FAULTS[self.fault]
        status, kind, content = self.pass_on(body)
        if self.fault == "hostile" and status == 200 and content.startswith(b"{"):
            content = json.dumps(hostile(json.loads(content))).encode()
        return status, kind, content

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        status, kind, content = self.answer(self.rfile.read(length) if length else None)
        parts = [MEGABYTE] * 65 if content is None else [content]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = serve


Handler.control = sys.argv[3]
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
