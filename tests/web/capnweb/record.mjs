// node record.mjs SERVER ROOT_TOKEN: records what the npm package says to a server, and is told, as vectors.
import { readFileSync, writeFileSync } from 'node:fs';
import { newWebSocketRpcSession, serialize } from 'capnweb';
import { WebSocket } from 'ws';

globalThis.WebSocket ??= WebSocket;
const [server, root] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL('../../../node_modules/capnweb/package.json', import.meta.url),
  'utf8'));

const values = [
  ['a text', 'ä😀\n'], ['numbers', [0, -1.5, 1e21]], ['an array in an array', [[]]],
    ['an object', { a: [1, { b: [] }] }],
  ['a date', new Date(1749342170815)], ['no date', new Date(NaN)], ['bytes', new Uint8Array([1, 2, 3])],
  ['bytes of a kind', new Int16Array([-1, 2])], ['a bigint', -123456789012345678901234567890n],
  ['undefined', { a: undefined }], ['numbers that JSON lacks', [Infinity, -Infinity, NaN]],
  ['a URL', new URL('https://example.com/a?b#c')], ['an error', new TypeError('no')],
].map(([name, value]) => ({ name, wire: serialize(value) }));

/** What of an answer is the same each time; null stands for any value. */
const known = new Set(['share', 'root', 'rights', 'cursor', 'head', 'applied', 'duplicates', 'rejected', 'ops', 'op_id',
  'verb', 'kind', 'key', 'data', 'success', 'syncCount', 'bytes', 'ended', 'code', 'action', 'transient']);
const reduced = value => Array.isArray(value)
  ? value.map((one, i) => value[0] === 'error' && value.length > 4 && i === 2 ? null : reduced(one))
  : value === null || typeof value !== 'object' ? value
    : Object.fromEntries(Object.entries(value).filter(([name]) => known.has(name)).map(([name, one]) =>
      [name, name === 'data' ? one : reduced(one)]));

const made = async () => {
  const socket = new WebSocket(`${server.replace('http', 'ws')}/rpc/share`,
    { headers: { 'x-opencode-share-key': root } });
  const shared = await newWebSocketRpcSession(socket).createShare(`vector-${Date.now()}-${Math.random()}`);
  socket.close();
  return shared;
};

async function session(name, rules, path, act) {
  const shared = await made();
  const names = { '{append}': shared.secret, '{read}': shared.url.split('/share/')[1], '{share}': shared.id };
  const told = text => Object.entries(names).reduce((all, [word, value]) => all.replaceAll(value, word), text);
  const socket = new WebSocket(server.replace('http', 'ws') + path, { headers: { 'x-opencode-share-key': root } });
  const messages = [];
  const send = socket.send.bind(socket);
  socket.send = text => {
    if (!text.startsWith('["abort"')) messages.push({ send: JSON.parse(told(text)) }); // it tells that the socket ended
    send(text);
  };
  socket.on('message', data => messages.push({ receive: reduced(JSON.parse(told(String(data)))) }));
  await new Promise(done => socket.once('open', done));
  await act(newWebSocketRpcSession(socket), shared);
  await new Promise(done => setTimeout(done, 100));
  socket.close();
  return { name, rules, path, messages };
}

const batch = (id, data = { list: [1, [2]] }) =>
  ({ batch_id: id, ops: [{ op_id: id, verb: 'put', kind: 'part', key: id, data }] });
const refused = promise => promise.catch(() => undefined);
const sessions = [
  await session('an append behind its redemption', ['CW-5', 'CW-8', 'CW-9'], '/capnweb', async (api, { secret }) => {
    await api.redeemShare(secret).share.appendOps(batch('a'));
  }),
  await session('a promise as an argument', ['CW-3'], '/capnweb', async (api, { secret, url }) => {
    const ack = api.redeemShare(secret).share.appendOps(batch('a'));
    await api.redeemShare(url.split('/share/')[1]).share.readOps({ after: ack.cursor });
  }),
  await session('a stub is disposed', ['CW-2', 'CW-10'], '/capnweb', async (api, { secret }) => {
    const { share } = await api.redeemShare(secret);
    await share.appendOps(batch('a'));
    share[Symbol.dispose]();
  }),
  await session('refusals', ['CW-9', 'CW-11'], '/capnweb', async (api, { secret }) => {
    await refused(api.redeemShare('srpc_x'));
    await refused(api.redeemShare(secret).share.readOps({}));
    await refused(api.nothing());
  }),
  await session('map and a blob', ['CW-2', 'CW-3'], '/capnweb', async (api, { secret }) => {
    await refused(api.redeemShare(secret).rights.map(right => right));
  }),
  await session('undefined members and a resend', ['CW-8', 'CW-13'], '/capnweb', async (api, { secret }) => {
    const { share } = await api.redeemShare({ token: secret, passphrase: undefined });
    await share.appendOps(batch('a', { none: undefined, list: [[], [{}]] }));
    await share.appendOps(batch('a', { list: [[], [{}]] }));
  }),
  await session('pages come to a callback', ['CW-19'], '/capnweb', async (api, { secret, url }) => {
    const { share } = await api.redeemShare(secret);
    const reader = await api.redeemShare(url.split('/share/')[1]);
    await share.appendOps(batch('a'));
    await share.endShare();
    await reader.share.subscribe({ after: 0, credit: 65536 }, () => {});
  }),
  await session('a callback that throws', ['CW-19'], '/capnweb', async (api, { secret, url }) => {
    await api.redeemShare(secret).share.appendOps(batch('a'));
    const reader = await api.redeemShare(url.split('/share/')[1]);
    await refused(reader.share.subscribe({ credit: 65536 }, () => { throw new RangeError('enough'); }));
  }),
  await session('a sync', ['CW-15', 'CW-16'], '/rpc/share', async (api, { id, secret }) => {
    await api.syncShare(id, secret, [{ type: 'message', data: { id: 'm1', role: 'user', list: [1] } }]);
    await refused(api.syncShare(id, 'srpc_x', []));
    await api.deleteShare(id, secret);
  }),
  await session('a callback', ['CW-17'], '/rpc/share', async api => {
    await api.probeCallback(word => ({ heard: word }));
  }),
];

writeFileSync(new URL('../../../protocol/neighbours/capnweb-vectors.json', import.meta.url),
  `${JSON.stringify({ package: `capnweb ${version}`, values, sessions }, null, 1)}\n`);
process.exit(0);
