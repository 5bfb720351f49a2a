# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP double between an agent and the real control plane, which spoils what it is told to spoil."""

import http.server
import json
import threading
import urllib.error
import urllib.request


class FaultyServer(http.server.ThreadingHTTPServer):
    """Passes requests on to the control plane (at control.url), unless `fault` answers.

    fault(path): None, or status, content type and content: bytes, or (length, parts).
    spoil(netmap): changes the netmaps in answers.
    """

    daemon_threads = True

    def __init__(self, control, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.control = control
        self.fault = None
        self.spoil = None
        self.requests = []
        self.url = "http://%s:%d" % self.server_address
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def pass_on(self, body):
        request = urllib.request.Request(self.server.control.url + self.path, data=body, method=self.command)
        for name in ("Authorization", "Content-Type"):
            if self.headers.get(name):
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request, timeout=330) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type", ""), error.read()

    def changed(self, body):
        value = json.loads(body)
        netmap = value.get("netmap", value)
        if "peers" in netmap:
            self.server.spoil(netmap)
        return json.dumps(value).encode()

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        self.server.requests.append(self.path)
        fault = self.server.fault
        answer = fault(self.path) if fault else None
        if answer is None:
            answer = self.pass_on(body)
            if self.server.spoil and answer[0] == 200 and answer[2].startswith(b"{"):
                answer = answer[0], answer[1], self.changed(answer[2])
        status, kind, content = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if isinstance(content, bytes) else content[0]))
        self.end_headers()
        for part in [content] if isinstance(content, bytes) else content[1]:
            self.wfile.write(part)

    do_GET = do_POST = do_PUT = do_DELETE = serve


def always(status, kind, body):
    return lambda path: (status, kind, body)


def error(status, text):
    return always(status, "application/json", json.dumps({"error": text}).encode())
