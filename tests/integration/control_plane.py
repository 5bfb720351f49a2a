# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts lightscale-control in a network namespace of the test's own and speaks to it."""
import base64
import http.client
import json
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

BINARY = os.path.join(os.environ['LS_TEST_BUILD_ROOT'], 'src/demo/lightscale-control')
WIRE = os.path.join(os.environ['LS_TEST_SOURCE_ROOT'], 'tests/data/wire')
DEADLINE = 60
ADMIN = 'administrators-token'
# Addresses that are not loopback, of the namespace's own.
ADDRESS_V4 = '192.0.2.1'
ADDRESS_V6 = '2001:db8::1'


def enter_namespace():
    """Runs the calling script again in namespaces (network, processes) that end with it."""
    if os.environ.pop('LS_TEST_NAMESPACE', None):
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        subprocess.run(['ip', 'address', 'add', ADDRESS_V4 + '/32', 'dev', 'lo'], check=True)
        subprocess.run(['ip', 'address', 'add', ADDRESS_V6 + '/128', 'dev', 'lo', 'nodad'], check=True)
        return
    child = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', '--pid', '--fork', '--kill-child',
                              '/usr/bin/python3', *sys.argv], env=dict(os.environ, LS_TEST_NAMESPACE='1'))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    sys.exit(child.wait())


def key():
    return base64.b64encode(os.urandom(32)).decode()


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError('did not happen: ' + what)


class Answer:
    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self):
        return json.loads(self.text)


class ControlPlane:
    """One run of the server; lines() are what it printed."""

    def __init__(self, *arguments, admin=ADMIN, listen='127.0.0.1:0', environment=None):
        self.admin = admin
        self.errors = tempfile.TemporaryFile('w+')
        command = [BINARY, '--listen', listen, *arguments]
        if admin is not None:
            command += ['--admin-token', admin]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0,
                                        env=dict(os.environ, **(environment or {})))
        self.output = []
        try:
            n_lines = command.count('--listen') + (3 if '--demo' in arguments else 0)
            n_lines += sum(argument.endswith('-relay-listen') for argument in arguments)
            self.read_lines(n_lines)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        self.printed = dict(reversed([line.rsplit(' ', 1) for line in self.output]))
        self.relays = {}
        for line in self.output:
            if ' relay on ' in line:
                self.relays.setdefault(line.split()[0], []).append(line.split()[-1])
        self.url = self.printed['listening on']

    def read_lines(self, count):
        """Reads what it prints when it has started."""
        end = time.monotonic() + DEADLINE
        text = b''
        while text.count(b'\n') < count:
            ready = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]
            got = self.process.stdout.read(4096) if ready else b''
            if not got:
                raise AssertionError('the server did not start: ' + self.stderr())
            text += got
        self.output = text.decode().splitlines()

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def stop(self, number=signal.SIGTERM):
        """Ends it, once; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(DEADLINE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.errors.close()

    def connect(self, timeout=DEADLINE, url=None):
        parts = urllib.parse.urlsplit(url or self.url)
        if parts.scheme == 'https':
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def call(self, method, path, body=None, token=None, raw=None, headers=None, url=None):
        """token: a node's, or 'admin' for the administrator's."""
        sent = dict(headers or {})
        if body is not None:
            raw = json.dumps(body)
        if raw is not None:
            sent.setdefault('Content-Type', 'application/json')
        if token is not None:
            sent['Authorization'] = 'Bearer ' + (self.admin if token == 'admin' else token)
        connection = self.connect(url=url)
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    # Shorthands; each checks that the call succeeded.

    def must(self, *arguments, **options):
        answer = self.call(*arguments, **options)
        assert answer.status == 200, '%s: %d %s' % (arguments[:2], answer.status, answer.text)
        return answer.json

    def create_network(self, name='lab', **members):
        return self.must('POST', '/v1/networks', dict(members, name=name), 'admin')['network']

    def create_token(self, network, uses=100, tags=(), ttl=3600):
        body = {'ttl_seconds': ttl, 'uses': uses, 'tags': list(tags)}
        return self.must('POST', '/v1/networks/%s/tokens' % network['id'], body, 'admin')['token']['token']

    def register(self, token, name):
        body = {'token': token, 'node_name': name, 'machine_public_key': key(), 'wg_public_key': key()}
        return self.call('POST', '/v1/register', body)

    def join(self, token, name):
        answer = self.register(token, name)
        assert answer.status == 200, answer.text
        return Device(self, answer.json['netmap']['node']['id'], answer.json['node_token'])

    def register_url(self, network, name, **members):
        body = dict(members, network_id=network['id'], node_name=name, machine_public_key=key(),
                    wg_public_key=key())
        return self.call('POST', '/v1/register-url', body)


class Device:
    def __init__(self, server, node_id, token):
        self.server = server
        self.id = node_id
        self.token = token

    def netmap(self):
        return self.server.must('GET', '/v1/netmap/' + self.id, token=self.token)

    def peers(self):
        return sorted(peer['name'] for peer in self.netmap()['peers'])

    def heartbeat(self, url=None, **members):
        body = dict({'node_id': self.id, 'endpoints': [], 'routes': []}, **members)
        return self.server.must('POST', '/v1/heartbeat', body, self.token, url=url)['netmap']

    def longpoll(self, since, seconds):
        path = '/v1/netmap/%s/longpoll?since=%d&timeout_seconds=%d' % (self.id, since, seconds)
        return self.server.call('GET', path, token=self.token)


class Folder:
    """A temporary folder."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='ls-control-')

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def make_certificate(folder):
    cert, private = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                    '-nodes', '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
                    '-keyout', private, '-out', cert], check=True, capture_output=True)
    return cert, private
