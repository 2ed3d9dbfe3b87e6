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
  ['outbox', 'trusts-acked-seq', 'client-033', /log of the server/], ['outbox', 'forgets', 'client-046', /missing/],
  ['outbox', 'keeps-no-grant', 'client-048', /exit code/], ['outbox', 'doubts', 'client-051', /outcome of a2 is known/],
  ['plain', 'gives-up', 'client-053', /log of the server/], ['plain', 'gives-up', 'client-054', /log of the server/],
  ['plain', 'forgives', 'client-057', /what it parked/], ['plain', 'insists', 'client-060', /ERR-3/],
  ['reader', 'insists', 'client-059', /ERR-3/], ['reader', 'guesses', 'client-061', /exit code/],
]) {
  test(`a client of the class ${of} that ${defect} fails`, async () =>
    assert.match((await failures(of, defect, only)).join('\n'), rule));
}

/** The vectors of a suite that a server fails whose messages and close codes are changed on their way. */
async function failuresBehind(suite, only, { message: change = () => {}, code = (own) => own }) {
  const relay = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: ([first]) => first });
  await once(relay, 'listening');
  relay.on('connection', (socket) => {
    const upstream = new WebSocket(
      server.replace('http', 'ws') + '/rpc', 'sharerpc.v1.json', { perMessageDeflate: false });
    const early = [];
    socket.on('message', (data, binary) =>
      upstream.readyState === 1 ? upstream.send(data, { binary }) : early.push([data, binary]));
    upstream.on('open', () => early.forEach(([data, binary]) => upstream.send(data, { binary })));
    upstream.on('message', (data) => {
      const message = JSON.parse(data);
      change(message);
      socket.send(JSON.stringify(message));
    });
    upstream.on('close', (own) => (own === 1006 ? socket.terminate() : socket.close(code(own))));
    upstream.on('error', () => {});
    socket.on('error', () => {});
    socket.on('close', () => upstream.terminate());
  });
  const failed = [];
  await checkServer({
    server: `http://127.0.0.1:${relay.address().port}`, rootToken: process.env.SHARERPC_ROOT_TOKEN, suites: [suite],
    only, report: (_, vector, error) => error && failed.push(vector.id),
  });
  relay.close();
  return failed;
}

const renamed = (from, to) => (message) => {
  if (message.error?.data?.code === from) message.error.data.code = to;
  for (const op of message.result?.rejected ?? []) if (op.code === from) op.code = to;
};

for (const [defect, suite, word, least, changes] of [
  ['says applied where it means duplicate', 'apply', '', 5, {
    message: ({ result }) => result?.duplicates && result.applied.push(...result.duplicates.splice(0)),
  }],
  ['gives no grant', 'rpc', '"grant"', 3, { message: ({ result }) => delete result?.grant }],
  ['calls the end of a share by another name', 'apply', 'share_ended', 1,
    { message: renamed('share_ended', 'forbidden') }],
  ['does not say that an op fell with its batch', 'apply', 'atomic_aborted', 1,
    { message: renamed('atomic_aborted', 'invalid_op') }],
  ['asks for no passphrase', 'rpc', 'passphrase_required', 1,
    { message: renamed('passphrase_required', 'invalid_token') }],
  ['closes by another code', 'rpc', '"closed":1007', 3, { code: (own) => (own === 1007 ? 1002 : own) }],
  ['closes a long message by another code', 'rpc', '"closed":1009', 1, { code: (own) => (own === 1009 ? 1002 : own) }],
]) {
  test(`a server that ${defect} fails`, { skip: !server }, async () => {
    const only = (vector) => JSON.stringify(vector).includes(word);
    assert.deepEqual(await failuresBehind(suite, only, {}), []);
    const failed = await failuresBehind(suite, only, changes);
    assert.ok(failed.length >= least, `only ${failed.length} failed`);
  });
}
