# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""lightscale-control over TLS, with a certificate of its own."""

import hashlib
import json
import os
import ssl
import subprocess
import urllib.request

from agentlab import Control


class Certificate:
    """Signed by itself, as the server of somebody's own has it."""

    def __init__(self, folder, name):
        self.cert, self.key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "30", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.key, "-out", self.cert], check=True, capture_output=True)
        with open(self.cert, encoding="ascii") as pem:
            self.pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.read())).hexdigest()


class SecureControl(Control):
    def __init__(self, folder, listen, certificate):
        log = os.path.join(folder, "control.log")
        if os.path.exists(log):
            os.remove(log)
        super().__init__(folder, listen, "--cert", certificate.cert, "--key", certificate.key)

    def call(self, method, path, body=None, token=None):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Bearer " + (token or self.admin_token))
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return json.loads(answer.read() or "null")
