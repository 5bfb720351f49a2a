# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of lightscale-control look like the recorded exchanges, field for field."""
import glob
import json
import os
import time
import unittest

import control_plane as cp

EXIT = [{'prefix': p, 'kind': 'exit', 'enabled': True, 'mapped_prefix': None} for p in ('0.0.0.0/0', '::/0')]


def shape(value):
    """Members and types; of lists the shape of what they hold."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return 'text' if isinstance(value, str) else type(value).__name__


class Lab:
    """A server in the state that the exchanges tell of."""

    def __init__(self):
        self.server = cp.ControlPlane('--stun', 's:1', '--stream-relay', 'r:1', '--udp-relay', 'u:1')
        self.network = self.server.create_network('lab', requires_approval=True)
        self.token = self.server.create_token(self.network)
        self.acl = '/v1/networks/%s/acl' % self.network['id']
        self.nas = self.add('nas', endpoints=['203.0.113.9:51820'], probe=True, routes=[
            {'prefix': '10.5.0.0/16', 'kind': 'subnet', 'enabled': False, 'mapped_prefix': '10.6.0.0/16'}])

    def add(self, name, **heartbeat):
        device = self.server.join(self.token, name)
        self.server.must('POST', '/v1/admin/nodes/%s/approve' % device.id, token='admin')
        device.heartbeat(**heartbeat)
        return device

    def pending(self, ttl=600):
        pending = self.server.register_url(self.network, 'laptop', ttl_seconds=ttl).json
        return pending, cp.Device(self.server, pending['node_id'], pending['node_token'])


class Wire(unittest.TestCase):
    maxDiff = None
    checked = set()

    def setUp(self):
        self.lab = Lab()
        self.server = self.lab.server
        self.addCleanup(self.server.stop)

    def compare(self, name, answer):
        with open(os.path.join(cp.WIRE, name + '.json')) as file:
            wire = json.load(file)
        Wire.checked.add(name)
        self.assertEqual(answer.status, wire['status'])
        if isinstance(wire['response'], str):
            self.assertEqual(bool(answer.text), bool(wire['response']))
            if answer.text:
                self.assertTrue(answer.headers['content-type'].startswith('text/plain'))
            return
        self.assertEqual(answer.headers['content-type'], 'application/json')
        if 'error' in wire['response']:
            self.assertEqual(answer.json, wire['response'])
        else:
            self.compare_shape(answer.json, wire['response'], name)

    def compare_shape(self, ours, theirs, where):
        """Equal members and types; null and lists may be filled or empty on either side."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            self.assertEqual(list(ours), list(theirs), where)
            for member in theirs:
                self.compare_shape(ours[member], theirs[member], where + '.' + member)
        elif isinstance(theirs, list) and isinstance(ours, list):
            if ours and theirs:
                self.compare_shape(ours[0], theirs[0], where + '[]')
        elif ours is not None and theirs is not None:
            self.assertEqual(shape(ours), shape(theirs), where)

    def test_registration(self):
        answer = self.server.register_url(self.lab.network, 'laptop')
        self.compare('register-url', answer)
        pending = answer.json
        device = cp.Device(self.server, pending['node_id'], pending['node_token'])
        netmap_path = '/v1/netmap/' + device.id
        self.compare('netmap-pending', self.server.call('GET', netmap_path, token=device.token))
        self.compare('register-name-taken', self.server.register(self.lab.token, 'LAPTOP'))
        self.compare('approve-by-link', self.server.call('GET', pending['auth_path']))
        self.compare('netmap-wrong-token', self.server.call('GET', netmap_path, token='wrong'))
        self.compare('register', self.server.register(self.lab.token, 'p'))
        self.compare('register-token-used-up', self.server.register('used-up', 'q'))

    def test_expired(self):
        pending, _ = self.lab.pending(ttl=1)
        cp.wait_for(lambda: time.time() >= pending['expires_at'], 'the link expires')
        self.compare('approve-expired', self.server.call('GET', pending['auth_path']))

    def test_device(self):
        laptop = self.lab.add('laptop')
        path = '/v1/netmap/' + laptop.id
        body = {'node_id': laptop.id, 'endpoints': ['192.168.1.20:51820'], 'listen_port': 51820, 'routes': EXIT,
                'probe': True}
        answer = self.server.call('POST', '/v1/heartbeat', body, laptop.token)
        self.compare('heartbeat', answer)
        self.assertEqual(shape(answer.json['netmap']['peers'][0]['routes']), [
            {'prefix': 'text', 'kind': 'text', 'enabled': 'bool', 'mapped_prefix': 'text'}])
        self.assertEqual(answer.json['netmap']['probe_requests'][0]['peer_id'], self.lab.nas.id)
        self.server.must('POST', '/v1/nodes/%s/rotate-keys' % laptop.id, {'wg_public_key': cp.key()}, laptop.token)
        self.compare('key-history', self.server.call('GET', '/v1/nodes/%s/keys' % laptop.id, token=laptop.token))

        self.server.must('POST', '/v1/nodes/%s/revoke' % laptop.id, token='admin')
        answer = self.server.call('GET', path, token=laptop.token)
        self.compare('netmap-revoked', answer)
        self.assertTrue(answer.json['node']['revoked'])
        self.server.must('POST', '/v1/nodes/%s/rotate-keys' % laptop.id, {'wg_public_key': cp.key()}, laptop.token)
        self.server.must('PUT', '/v1/networks/%s/key-policy' % self.lab.network['id'], {'max_age_seconds': 1}, 'admin')
        cp.wait_for(lambda: laptop.netmap()['node']['key_rotation_required'], 'the keys become overdue')
        answer = self.server.call('GET', path, token=laptop.token)
        self.compare('netmap-rotation-due', answer)
        self.assertFalse(answer.json['node']['approved'])

        self.server.must('DELETE', '/v1/nodes/' + laptop.id, token='admin')
        self.compare('netmap-deleted', self.server.call('GET', path, token=laptop.token))

    def test_no_relay(self):
        server = cp.ControlPlane()
        self.addCleanup(server.stop)
        device = server.join(server.create_token(server.create_network()), 'a')
        answer = device.longpoll(0, 30)
        self.compare('netmap-no-relay', answer)
        self.assertIsNone(answer.json['relay'])

    def test_administrator(self):
        _, laptop = self.lab.pending()
        network = '/v1/networks/' + self.lab.network['id']
        self.compare('admin-nodes', self.server.call(
            'GET', '/v1/admin/networks/%s/nodes' % self.lab.network['id'], token='admin'))
        self.compare('admin-approve', self.server.call(
            'POST', '/v1/admin/nodes/%s/approve' % laptop.id, token='admin'))
        body = {'name': 'laptop2', 'tags': ['dev', 'lab']}
        self.compare('admin-update', self.server.call('PUT', '/v1/admin/nodes/' + laptop.id, body, 'admin'))
        answer = self.server.call('POST', network + '/tokens', {'ttl_seconds': 60, 'uses': 1, 'tags': ['lab']}, 'admin')
        self.compare('token-create', answer)
        self.compare('token-revoke', self.server.call(
            'POST', '/v1/tokens/%s/revoke' % answer.json['token']['token'], token='admin'))
        rule = {'action': 'deny', 'src': {'tags': ['guest']}, 'dst': {'any': True}}
        self.server.must('PUT', self.lab.acl, {'policy': {'default_action': 'allow', 'rules': [rule]}}, 'admin')
        answer = self.server.call('GET', self.lab.acl, token='admin')
        self.compare('acl', answer)
        self.assertEqual(len(answer.json['rules']), 1)
        answer = self.server.call('GET', '/v1/audit?network_id=%s&node_id=%s&limit=3' % (
            self.lab.network['id'], laptop.id), token='admin')
        self.compare('audit', answer)
        self.assertEqual([e['action'] for e in answer.json['entries']],
                         ['node.register_url', 'node.approve', 'node.update'])
        self.compare('topology', self.server.call('GET', '/v1/admin/topology', token='admin'))

    def test_refused(self):
        self.compare('bad-json', self.server.call('POST', '/v1/register', raw='{"token":'))
        answer = self.server.call('POST', '/v1/register', {'token': 'x'})
        self.compare('missing-field', answer)
        self.assertIn('missing field `node_name`', answer.text)
        self.compare('unknown-path', self.server.call('GET', '/v1/nothing'))

    @classmethod
    def tearDownClass(cls):
        names = {os.path.basename(path)[:-len('.json')] for path in glob.glob(cp.WIRE + '/*.json')}
        if names != cls.checked:
            raise AssertionError('exchanges that nothing was compared with: %s' % sorted(names - cls.checked))


if __name__ == '__main__':
    cp.enter_namespace()
    unittest.main(verbosity=2)
