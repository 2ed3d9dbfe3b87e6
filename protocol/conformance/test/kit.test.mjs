// The kit itself: clients that are right pass, one that is broken on purpose in each class fails, and so does a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket, WebSocketServer } from 'ws';
import { checkClient } from '../lib/client.mjs';
import { checkServer } from '../lib/server.mjs';

const CLIENT = fileURLToPath(new URL('client.mjs', import.meta.url));
const server = process.env.SHARERPC_TEST_SERVER;

/** The ids of what failed, with a defect of the client, if any. */
async function failures(of, defect = '', only) {
  const failed = [];
  await checkClient({
    of, only, command: ['env', `DEFECT=${defect}`, process.execPath, CLIENT],
    report: (_, vector, error) => error && failed.push(`${vector.id} ${error.message}`),
  });
  return failed;
}

for (const of of ['reader', 'plain', 'outbox']) {
  test(`a small client of the class ${of} passes`, async () => assert.deepEqual(await failures(of), []));
}

for (const [of, defect, only, rule] of [
  ['reader', 'starts-over', 'client-003', /cursors/], ['reader', 'hurries', 'client-008', /ERR-3/],
  ['plain', 'writes-anew', 'client-014', /OP-12/], ['outbox', 'regroups', 'client-023', /APPLY-25/],
  ['outbox', 'trusts-acked-seq', 'client-033', /log of the server/],
]) {
  test(`a client of the class ${of} that ${defect} fails`, async () =>
    assert.match((await failures(of, defect, only)).join('\n'), rule));
}

test('a server that says applied where it means duplicate fails', { skip: !server }, async () => {
  const relay = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: ([first]) => first });
  await once(relay, 'listening');
  relay.on('connection', (socket) => {
    const upstream = new WebSocket(
      server.replace('http', 'ws') + '/rpc', 'sharerpc.v1.json', { perMessageDeflate: false });
    const early = [];
    socket.on('message', (data) =>
      upstream.readyState === 1 ? upstream.send(String(data)) : early.push(String(data)));
    upstream.on('open', () => early.forEach((text) => upstream.send(text)));
    upstream.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.result?.duplicates) {
        message.result.applied.push(...message.result.duplicates);
        message.result.duplicates = [];
      }
      socket.send(JSON.stringify(message));
    });
    socket.on('close', () => upstream.terminate());
  });
  const failed = [];
  await checkServer({
    server: `http://127.0.0.1:${relay.address().port}`, rootToken: process.env.SHARERPC_ROOT_TOKEN, suites: ['apply'],
    report: (_, vector, error) => error && failed.push(vector.id),
  });
  relay.close();
  assert.ok(failed.length > 5, `only ${failed.length} failed`);
});
