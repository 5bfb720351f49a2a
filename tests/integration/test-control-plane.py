# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""lightscale-control over HTTP: every call of the protocol with its semantics."""
import concurrent.futures
import json
import os
import resource
import socket
import stat
import time
import unittest

import control_plane as cp


class Calls(unittest.TestCase):
    def setUp(self):
        self.server = cp.ControlPlane()
        self.addCleanup(self.server.stop)
        self.network = self.server.create_network()
        self.token = self.server.create_token(self.network)

    def assert_error(self, answer, status, text):
        self.assertEqual((answer.status, answer.json), (status, {'error': text}))

    def test_health(self):
        answer = self.server.call('GET', '/healthz')
        self.assertEqual((answer.status, answer.text), (200, 'ok'))

    def test_unknown_paths(self):
        for method, path, status in (('GET', '/', 404), ('GET', '/v1/nothing', 404), ('GET', '/v1/register', 405),
                                     ('DELETE', '/v1/audit', 405), ('GET', '/v1/netmap/', 404)):
            answer = self.server.call(method, path, token='admin')
            self.assertEqual((answer.status, answer.text), (status, ''), path)

    def test_bad_bodies(self):
        for raw, status in (('{"token":', 400), ('', 400), ('[' * 100000, 400), ('[]', 400), ('{"token":"x"}', 422),
                            ('{"token":1,"node_name":"a","machine_public_key":"b","wg_public_key":"c"}', 422),
                            ('\xff', 400)):
            answer = self.server.call('POST', '/v1/register', raw=raw)
            self.assertEqual(answer.status, status, raw[:20])
            self.assertTrue(answer.headers['content-type'].startswith('text/plain'))
            self.assertTrue(answer.text)
        answer = self.server.call('POST', '/v1/register', raw='{}', headers={'Content-Type': 'text/plain'})
        self.assertEqual(answer.status, 415)
        answer = self.server.call('GET', '/v1/audit?limit=x', token='admin')
        self.assertEqual(answer.status, 400)

    def test_large_bodies(self):
        text = json.dumps({'token': 'x' * (5 * 1024 * 1024)})
        self.assertEqual(self.server.call('POST', '/v1/register', raw=text).status, 413)
        chunks = (b'x' * 65536 for _ in range(100))
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.request('POST', '/v1/register', chunks, {'Content-Type': 'application/json'}, encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 413)
        self.assertEqual(self.server.call('GET', '/healthz').status, 200)

    def test_authorization(self):
        device = self.server.join(self.token, 'a')
        other = self.server.join(self.token, 'b')
        path = '/v1/netmap/' + device.id
        for token in (None, '', 'x', other.token):
            self.assert_error(self.server.call('GET', path, token=token), 401, 'node token required')
        for token in (device.token, 'admin'):
            self.assertEqual(self.server.call('GET', path, token=token).status, 200)
        for token in (None, 'x', device.token):
            self.assert_error(self.server.call('GET', '/v1/audit', token=token), 401, 'admin token required')
        self.assert_error(self.server.call('GET', '/v1/netmap/none'), 404, 'node')

    def test_no_admin_token(self):
        server = cp.ControlPlane(admin=None)
        self.addCleanup(server.stop)
        self.assertIn('anybody', server.stderr())
        answer = server.call('POST', '/v1/networks', {'name': 'open'})
        self.assertEqual(answer.status, 200)
        body = {'ttl_seconds': 60, 'uses': 1, 'tags': []}
        network = answer.json['network']
        token = server.call('POST', '/v1/networks/%s/tokens' % network['id'], body).json['token']['token']
        device = server.join(token, 'a')
        # A node's own calls still ask for its token.
        self.assertEqual(server.call('GET', '/v1/netmap/' + device.id, token='x').status, 401)

    def test_admin_token_from_file_and_environment(self):
        with cp.Folder() as folder:
            path = os.path.join(folder, 'token')
            with open(path, 'w') as file:
                file.write('from-file\n')
            for arguments, environment, token in (
                    (('--admin-token-file', path), {}, 'from-file'),
                    ((), {'LIGHTSCALE_CONTROL_ADMIN_TOKEN': 'from-environment'}, 'from-environment')):
                server = cp.ControlPlane(*arguments, admin=None, environment=environment)
                self.addCleanup(server.stop)
                self.assertEqual(server.call('GET', '/v1/audit', token=token).status, 200)
                self.assertEqual(server.call('GET', '/v1/audit').status, 401)

    def test_register(self):
        used_up = self.server.create_token(self.network, uses=1)
        self.assertEqual(self.server.register(used_up, 'laptop').status, 200)
        self.assert_error(self.server.register(used_up, 'p'), 401, 'token not found')
        self.assert_error(self.server.register(self.token, ' LAPTOP '), 409, 'node name already exists')
        self.assert_error(self.server.register(self.token, '  '), 400, 'node name must be non-empty')
        listed = self.server.must('GET', '/v1/networks/%s/tokens' % self.network['id'], token='admin')['tokens']
        self.assertEqual([token['token'] for token in listed], [self.token])
        self.assertEqual(listed[0]['uses_left'], 100)

    def test_token_revoke(self):
        revoked = self.server.must('POST', '/v1/tokens/%s/revoke' % self.token, token='admin')
        self.assertGreater(revoked['revoked_at'], 0)
        self.assert_error(self.server.register(self.token, 'a'), 401, 'token revoked')
        self.assert_error(self.server.call('POST', '/v1/tokens/x/revoke', token='admin'), 404, 'token')

    def test_register_url(self):
        answer = self.server.register_url(self.network, 'laptop')
        self.assertEqual(answer.status, 200)
        pending = answer.json
        device = cp.Device(self.server, pending['node_id'], pending['node_token'])
        self.assertAlmostEqual(pending['expires_at'], time.time() + 600, delta=30)
        self.assertFalse(device.netmap()['node']['approved'])
        self.assert_error(self.server.call('GET', pending['auth_path'] + 'x'), 401, 'invalid approval secret')
        approved = self.server.must('GET', pending['auth_path'])
        self.assertEqual(approved['node_id'], device.id)
        self.assertTrue(approved['approved'])
        self.assertTrue(device.netmap()['node']['approved'])
        self.assert_error(self.server.register_url({'id': 'none'}, 'x'), 404, 'network')
        self.assert_error(self.server.register_url(self.network, 'Laptop'), 409, 'node name already exists')

    def test_link_expires(self):
        pending = self.server.register_url(self.network, 'laptop', ttl_seconds=1).json
        device = cp.Device(self.server, pending['node_id'], pending['node_token'])
        cp.wait_for(lambda: time.time() >= pending['expires_at'], 'the link expires')
        self.assert_error(self.server.call('GET', pending['auth_path']), 401, 'approval expired')
        path = '/v1/admin/nodes/%s/approve' % device.id
        self.assertEqual(self.server.call('POST', path).status, 401)
        self.assertTrue(self.server.must('POST', path, token='admin')['approved'])
        self.assertTrue(device.netmap()['node']['approved'])

    def test_approval(self):
        network = self.server.create_network('strict', requires_approval=True)
        token = self.server.create_token(network)
        a, b = self.server.join(token, 'a'), self.server.join(token, 'b')
        self.assertEqual((a.peers(), a.netmap()['node']['approved']), ([], False))
        for device in (a, b):
            self.server.must('POST', '/v1/admin/nodes/%s/approve' % device.id, token='admin')
        self.assertEqual((a.peers(), b.peers()), (['b'], ['a']))

    def test_heartbeat(self):
        a, b = self.server.join(self.token, 'a'), self.server.join(self.token, 'b')
        route = {'prefix': '192.168.1.0/24', 'kind': 'subnet', 'enabled': True, 'mapped_prefix': '10.1.1.0/24'}
        before = a.netmap()['revision']
        netmap = a.heartbeat(endpoints=['198.51.100.9:1'], routes=[route], listen_port=51820, probe=True)
        self.assertEqual(netmap['revision'], before + 1)
        # Loopback is where a proxy is, not where a device is.
        self.assertEqual(netmap['node']['endpoints'], ['198.51.100.9:1'])
        self.assertEqual(netmap['node']['routes'], [route])
        seen = b.netmap()
        self.assertEqual(seen['peers'][0]['routes'], [route])
        self.assertEqual([r['peer_id'] for r in seen['probe_requests']], [a.id])
        self.assertEqual(seen['probe_requests'][0]['endpoints'], ['198.51.100.9:1'])
        self.assertEqual(a.netmap()['probe_requests'], [])
        self.assertEqual(a.heartbeat()['node']['endpoints'], [])

    def test_nothing_is_validated(self):
        """What a node sends reaches its peers, as with existing servers; clients must cope."""
        a, b = self.server.join(self.token, '../<b>\u202e'), self.server.join(self.token, 'b')
        route = {'prefix': 'x', 'kind': 'exit', 'enabled': True, 'mapped_prefix': None}
        a.heartbeat(endpoints=['127.0.0.1:0', 'evil', '[fe80::1%eth0]:1'], routes=[route])
        peer = b.netmap()['peers'][0]
        self.assertEqual(peer['endpoints'], ['127.0.0.1:0', 'evil', '[fe80::1%eth0]:1'])
        self.assertEqual(peer['routes'], [route])
        self.assertEqual(peer['name'], '../<b>\u202e')
        self.assertEqual(peer['dns_name'], '../<b>\u202e.' + self.network['dns_domain'])

    def test_observed_endpoint(self):
        server = cp.ControlPlane('--listen', '[::]:0', '--listen', cp.ADDRESS_V4 + ':0')
        self.addCleanup(server.stop)
        urls = [line.split()[-1] for line in server.output if line.startswith('listening on ')]
        port = urls[1].rpartition(':')[2]
        device = server.join(server.create_token(server.create_network()), 'a')
        for url, expected in ((urls[2], cp.ADDRESS_V4 + ':51820'),
                              ('http://[%s]:%s' % (cp.ADDRESS_V6, port), '[%s]:51820' % cp.ADDRESS_V6),
                              ('http://%s:%s' % (cp.ADDRESS_V4, port), cp.ADDRESS_V4 + ':51820')):
            netmap = device.heartbeat(url=url, endpoints=['198.51.100.9:1', expected], listen_port=51820)
            self.assertEqual(netmap['node']['endpoints'], [expected, '198.51.100.9:1'], url)

    def test_update(self):
        a = self.server.join(self.token, 'a')
        self.server.join(self.token, 'b')
        path = '/v1/admin/nodes/' + a.id
        node = self.server.must('PUT', path, {'name': 'laptop', 'tags': ['x', 'y']}, 'admin')['node']
        self.assertEqual((node['name'], node['tags']), ('laptop', ['x', 'y']))
        self.assertEqual(node['dns_name'], 'laptop.' + self.network['dns_domain'])
        self.assertEqual(self.server.must('PUT', path, {'tags': []}, 'admin')['node']['tags'], [])
        self.assert_error(self.server.call('PUT', path, {}, 'admin'), 400, 'no fields to update')
        self.assert_error(self.server.call('PUT', path, {'name': 'B'}, 'admin'), 409, 'node name already exists')

    def test_keys(self):
        device = self.server.join(self.token, 'a')
        path = '/v1/nodes/%s/rotate-keys' % device.id
        fresh = cp.key()
        rotated = self.server.must('POST', path, {'wg_public_key': fresh}, device.token)
        self.assertEqual((rotated['node_id'], rotated['wg_public_key']), (device.id, fresh))
        self.assert_error(self.server.call('POST', path, {}, device.token), 400, 'no keys provided')
        self.assert_error(self.server.call('POST', path, {'wg_public_key': fresh}, device.token), 400,
                          'wg_public_key unchanged')
        history = self.server.must('GET', '/v1/nodes/%s/keys' % device.id, token=device.token)['keys']
        self.assertEqual([k['key_type'] for k in history], ['machine', 'wire_guard', 'wire_guard'])
        self.assertEqual([k['revoked_at'] is None for k in history], [True, False, True])

    def test_revoke(self):
        a, b = self.server.join(self.token, 'a'), self.server.join(self.token, 'b')
        revoked = self.server.must('POST', '/v1/nodes/%s/revoke' % b.id, token='admin')
        self.assertEqual(revoked['node_id'], b.id)
        node = b.netmap()['node']
        self.assertEqual((node['revoked'], node['approved']), (True, False))
        self.assertEqual((a.peers(), b.peers()), ([], []))
        self.server.must('POST', '/v1/nodes/%s/rotate-keys' % b.id, {'wg_public_key': cp.key()}, b.token)
        self.assertEqual((a.peers(), b.peers()), (['b'], ['a']))

    def test_key_policy(self):
        a, b = self.server.join(self.token, 'a'), self.server.join(self.token, 'b')
        path = '/v1/networks/%s/key-policy' % self.network['id']
        self.assertEqual(self.server.must('GET', path, token='admin'), {'policy': {'max_age_seconds': None}})
        self.assertEqual(self.server.must('PUT', path, {'max_age_seconds': 1}, 'admin'),
                         {'policy': {'max_age_seconds': 1}})
        cp.wait_for(lambda: a.netmap()['node']['key_rotation_required'], 'the keys become overdue')
        node = a.netmap()['node']
        self.assertEqual((node['approved'], a.peers()), (False, []))
        self.server.must('PUT', path, {'max_age_seconds': None}, 'admin')
        self.assertEqual((a.peers(), b.peers()), (['b'], ['a']))

    def test_delete(self):
        device = self.server.join(self.token, 'a')
        path = '/v1/networks/' + self.network['id']
        self.assertEqual(self.server.call('DELETE', path, token='admin').status, 409)
        self.assertEqual(self.server.must('DELETE', '/v1/nodes/' + device.id, token='admin'), {'node_id': device.id})
        for answer in (self.server.call('GET', '/v1/netmap/' + device.id, token=device.token),
                       self.server.call('POST', '/v1/heartbeat', {'node_id': device.id}, device.token),
                       self.server.call('GET', '/v1/nodes/%s/keys' % device.id, token=device.token),
                       self.server.call('DELETE', '/v1/nodes/' + device.id, token='admin')):
            self.assert_error(answer, 404, 'node')
        answer = self.server.call('DELETE', path, token='admin')
        self.assertEqual((answer.status, answer.text), (204, ''))
        self.assert_error(self.server.call('DELETE', path, token='admin'), 404, 'network')
        self.assert_error(self.server.register(self.token, 'b'), 401, 'token not found')

    def test_networks(self):
        body = {'name': 'n', 'overlay_v4': '10.9.0.0/24', 'overlay_v6': 'fd99::/64', 'dns_domain': 'n.test',
                'bootstrap_token_ttl_seconds': 60, 'bootstrap_token_uses': 2, 'bootstrap_token_tags': ['t']}
        created = self.server.must('POST', '/v1/networks', body, 'admin')
        self.assertEqual(created['network']['dns_domain'], 'n.test')
        self.assertEqual((created['bootstrap_token']['uses_left'], created['bootstrap_token']['tags']), (2, ['t']))
        self.assertEqual(self.server.join(created['bootstrap_token']['token'], 'a').netmap()['node']['ipv4'], '10.9.0.10')
        clash = {'name': 'o', 'overlay_v4': '10.9.0.128/25'}
        self.assert_error(self.server.call('POST', '/v1/networks', clash, 'admin'), 409,
                          'overlay_v4 overlaps existing network')
        self.assert_error(self.server.call('POST', '/v1/networks', {'name': 'o', 'overlay_v4': 'x'}, 'admin'), 400,
                          'invalid overlay_v4 cidr')

    def test_addresses_run_out(self):
        network = self.server.create_network('small', overlay_v4='10.8.0.0/30')
        token = self.server.create_token(network)
        self.server.join(token, 'a')
        self.server.join(token, 'b')
        self.assert_error(self.server.register(token, 'c'), 409, 'ipv4 address space exhausted')

    def test_acl(self):
        a = self.server.join(self.token, 'a')
        b = self.server.join(self.server.create_token(self.network, tags=['guest']), 'b')
        path = '/v1/networks/%s/acl' % self.network['id']
        self.assertEqual(self.server.must('GET', path, token='admin'), {'default_action': 'allow', 'rules': []})
        policy = {'default_action': 'allow', 'rules': [{'action': 'deny', 'src': {'tags': ['guest']}, 'dst': {}}]}
        stored = self.server.must('PUT', path, {'policy': policy}, 'admin')['policy']
        self.assertEqual(stored['rules'][0]['src'], {'any': False, 'tags': ['guest'], 'node_ids': [], 'names': []})
        self.assertEqual((a.peers(), b.peers()), (['b'], []))
        self.assertEqual(self.server.call('PUT', path, {'policy': {'default_action': 'maybe'}}, 'admin').status, 422)

    def test_audit(self):
        device = self.server.join(self.token, 'a')
        self.server.must('POST', '/v1/nodes/%s/revoke' % device.id, token='admin')
        entries = self.server.must('GET', '/v1/audit?network_id=' + self.network['id'], token='admin')['entries']
        self.assertEqual([e['action'] for e in entries],
                         ['network.create', 'token.create', 'node.register', 'keys.revoke'])
        self.assertNotIn(self.token, json.dumps(entries))
        newest = self.server.must('GET', '/v1/audit?limit=1&node_id=' + device.id, token='admin')['entries']
        self.assertEqual(newest, entries[-1:])

    def test_topology(self):
        server = cp.ControlPlane('--control-url', 'https://vpn.example.com')
        self.addCleanup(server.stop)
        topology = server.must('GET', '/v1/admin/topology', token='admin')
        self.assertEqual(topology['control_urls'], ['https://vpn.example.com', server.url])

    def test_relay_advertised(self):
        self.assertIsNone(self.server.join(self.token, 'a').netmap()['relay'])
        server = cp.ControlPlane('--stun', 's:1', '--stun', 's:2', '--turn', 't:1', '--stream-relay', 'r:1',
                                 '--udp-relay', 'u:1', '--dns', 'd:53')
        self.addCleanup(server.stop)
        device = server.join(server.create_token(server.create_network()), 'a')
        self.assertEqual(device.netmap()['relay'], {
            'stun_servers': ['s:1', 's:2'], 'turn_servers': ['t:1'], 'stream_relay_servers': ['r:1'],
            'udp_relay_servers': ['u:1'], 'dns_servers': ['d:53']})

    def test_peer_order_is_random(self):
        devices = [self.server.join(self.token, str(i)) for i in range(9)]
        orders = {tuple(peer['id'] for peer in devices[0].netmap()['peers']) for _ in range(20)}
        self.assertGreater(len(orders), 1)
        self.assertEqual(len({tuple(sorted(order)) for order in orders}), 1)


class LongPoll(unittest.TestCase):
    def setUp(self):
        self.server = cp.ControlPlane()
        self.addCleanup(self.server.stop)
        self.token = self.server.create_token(self.server.create_network())
        self.device = self.server.join(self.token, 'a')
        self.pool = concurrent.futures.ThreadPoolExecutor(60)
        self.addCleanup(self.pool.shutdown)

    def test_returns_at_once_when_behind(self):
        netmap = self.device.longpoll(0, 300).json
        self.assertEqual(netmap['node']['id'], self.device.id)

    def test_times_out_with_the_same(self):
        revision = self.device.netmap()['revision']
        start = time.monotonic()
        netmap = self.device.longpoll(revision, 1).json
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual(netmap['revision'], revision)
        self.assertEqual(self.device.longpoll(revision, 0).json['revision'], revision)

    def test_wakes_on_a_change(self):
        revision = self.device.netmap()['revision']
        held = self.pool.submit(self.device.longpoll, revision, 60)
        time.sleep(0.3)
        self.assertFalse(held.done())
        start = time.monotonic()
        self.server.must('PUT', '/v1/admin/nodes/' + self.device.id, {'name': 'new'}, 'admin')
        answer = held.result(cp.DEADLINE)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual(answer.json['node']['name'], 'new')
        self.assertEqual(answer.json['revision'], revision + 1)

    def test_deletion_ends_it(self):
        held = self.pool.submit(self.device.longpoll, self.device.netmap()['revision'], 60)
        time.sleep(0.3)
        self.server.must('DELETE', '/v1/nodes/' + self.device.id, token='admin')
        answer = held.result(cp.DEADLINE)
        self.assertEqual((answer.status, answer.json), (404, {'error': 'node'}))

    def test_many_wait_and_some_leave(self):
        revision = self.device.netmap()['revision']
        left = []
        for _ in range(20):
            connection = self.server.connect()
            connection.request('GET', '/v1/netmap/%s/longpoll?since=%d&timeout_seconds=60' % (self.device.id, revision),
                               headers={'Authorization': 'Bearer ' + self.device.token})
            left.append(connection)
        held = [self.pool.submit(self.device.longpoll, revision, 60) for _ in range(50)]
        time.sleep(0.5)
        for connection in left:
            connection.close()
        self.device.heartbeat()
        for future in held:
            self.assertEqual(future.result(cp.DEADLINE).json['revision'], revision + 1)
        self.assertEqual(self.server.call('GET', '/healthz').status, 200)

    def test_stops_while_held(self):
        held = self.pool.submit(self.device.longpoll, self.device.netmap()['revision'], 60)
        time.sleep(0.3)
        self.assertEqual(self.server.stop(), 0)
        with self.assertRaises(Exception):
            held.result(cp.DEADLINE)

    def test_refused(self):
        path = '/v1/netmap/%s/longpoll?since=' % self.device.id
        self.assertEqual(self.server.call('GET', path + '0').status, 401)
        self.assertEqual(self.server.call('GET', path + '-1', token=self.device.token).status, 400)


class State(unittest.TestCase):
    def setUp(self):
        folder = cp.Folder()
        self.folder = folder.path
        self.path = os.path.join(folder.path, 'state.json')
        self.addCleanup(folder.__exit__)

    def start(self, *arguments):
        server = cp.ControlPlane('--state', self.path, *arguments)
        self.addCleanup(server.stop)
        return server

    def read(self):
        try:
            with open(self.path) as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def test_restart(self):
        first = self.start()
        network = first.create_network(requires_approval=True, key_rotation_max_age_seconds=1000)
        token = first.create_token(network, tags=['t'])
        a = first.join(token, 'a')
        pending = first.register_url(network, 'b').json
        first.must('POST', '/v1/admin/nodes/%s/approve' % a.id, token='admin')
        before = a.heartbeat(endpoints=['198.51.100.9:1'])
        self.assertEqual(first.stop(), 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertNotIn(a.token, self.read())
        self.assertNotIn(pending['auth_path'].rpartition('/')[2], self.read())

        a.server = second = self.start()
        after = a.netmap()
        self.assertGreater(after['revision'], before['revision'])
        self.assertEqual((after['node'], after['network']), (before['node'], before['network']))
        self.assertTrue(second.must('GET', pending['auth_path'])['approved'])
        self.assertEqual(a.peers(), ['b'])
        self.assertEqual(second.join(token, 'c').netmap()['node']['ipv4'].rpartition('.')[2], '12')
        entries = second.must('GET', '/v1/audit', token='admin')['entries']
        self.assertEqual([e['action'] for e in entries][:3], ['network.create', 'token.create', 'node.register'])

    def test_killed(self):
        """What was answered more than a second ago is kept even then."""
        first = self.start()
        network = first.create_network()
        cp.wait_for(lambda: network['id'] in self.read(), 'a write')
        first.stop(9)
        self.start().must('GET', '/v1/networks/%s/acl' % network['id'], token='admin')
        self.assertEqual(os.listdir(self.folder), ['state.json'])

    def test_few_writes(self):
        server = self.start()
        device = server.join(server.create_token(server.create_network()), 'a')
        cp.wait_for(lambda: device.id in self.read(), 'a write')
        written = os.stat(self.path)
        for _ in range(20):
            device.heartbeat()
        time.sleep(1.5)
        self.assertEqual(os.stat(self.path).st_ino, written.st_ino)
        inodes, end, count = set(), time.monotonic() + 2.5, 0
        while time.monotonic() < end:
            device.heartbeat(endpoints=['198.51.100.9:%d' % (count + 1)])
            inodes.add((os.stat(self.path).st_ino, os.stat(self.path).st_mtime_ns))
            count += 1
        self.assertLessEqual(len(inodes), 5)

    def test_corrupt(self):
        with open(self.path, 'w') as file:
            file.write('{"version": 1, "networks": [')
        server = self.start()
        aside = [name for name in os.listdir(self.folder) if '.corrupt-' in name]
        self.assertEqual(len(aside), 1)
        self.assertIn(aside[0], server.stderr())
        with open(os.path.join(self.folder, aside[0])) as file:
            self.assertEqual(file.read(), '{"version": 1, "networks": [')
        server.create_network()

    def test_unusable(self):
        os.mkdir(self.path)
        with self.assertRaisesRegex(AssertionError, 'lightscale-control: '):
            self.start()

    def test_demo(self):
        first = self.start('--demo')
        self.assertEqual([line.split()[0] for line in first.output], ['listening', 'network', 'token', 'admin-token'])
        network, token = first.printed['network'], first.printed['token']
        self.assertEqual(first.printed['admin-token'], cp.ADMIN)
        device = first.join(token, 'a')
        netmap = device.netmap()
        self.assertEqual((netmap['network']['id'], netmap['network']['name']), (network, 'demo'))
        self.assertTrue(netmap['network']['requires_approval'])
        self.assertFalse(netmap['node']['approved'])
        first.join(token, 'b')
        first.stop()
        second = self.start('--demo')
        self.assertEqual((second.printed['network'], second.printed['token']), (network, token))

    def test_demo_makes_an_admin_token(self):
        server = cp.ControlPlane('--demo', admin=None)
        self.addCleanup(server.stop)
        self.assertEqual(server.call('GET', '/v1/audit').status, 401)
        self.assertEqual(server.call('GET', '/v1/audit', token=server.printed['admin-token']).status, 200)


class Start(unittest.TestCase):
    def test_tls(self):
        with cp.Folder() as folder:
            cert, private = cp.make_certificate(folder)
            server = cp.ControlPlane('--cert', cert, '--key', private)
            self.addCleanup(server.stop)
            self.assertTrue(server.url.startswith('https://'))
            device = server.join(server.create_token(server.create_network()), 'a')
            revision = device.netmap()['revision']
            self.assertEqual(device.longpoll(revision, 1).json['revision'], revision)
            with self.assertRaises(Exception):
                server.call('GET', '/healthz', url=server.url.replace('https', 'http'))
            self.assertEqual(server.call('GET', '/healthz').status, 200)

    def test_many_connections(self):
        """Each device holds a connection or two: a shell's usual limit of open files is not that of networks."""
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, usual[1]))
        try:
            server = cp.ControlPlane()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        self.addCleanup(server.stop)
        for _ in range(200):
            connection = server.connect()
            self.addCleanup(connection.close)
            connection.request('GET', '/healthz')
            self.assertEqual(connection.getresponse().read(), b'ok')

    def test_refused(self):
        for arguments in (('--listen', 'x'), ('--cert', '/nonexistent'), ('--key', '/nonexistent'), ('--bad',),
                          ('extra',), ('--admin-token', 'a b'), ('--admin-token-file', '/nonexistent'),
                          ('--state', '/nonexistent/folder/state.json'),
                          ('--udp-relay-listen', 'x')):
            with self.assertRaisesRegex(AssertionError, 'lightscale-control: '):
                cp.ControlPlane(*arguments, admin=None)

    def test_port_in_use(self):
        with socket.create_server(('127.0.0.1', 0)) as taken:
            with self.assertRaisesRegex(AssertionError, 'in use'):
                cp.ControlPlane(listen='127.0.0.1:%d' % taken.getsockname()[1])


if __name__ == '__main__':
    cp.enter_namespace()
    unittest.main(verbosity=2)
