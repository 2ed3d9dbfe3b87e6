// Usage: SHARERPC_TOKEN=srpc_... node client.mjs http://host:port   (the token of a share's owner or writer)
// Redeems, appends two batches, sends one of them again, reads the log and the state, and prints what it saw as one
// JSON line.
import { randomBytes, randomUUID } from 'node:crypto';
import WebSocket from 'ws';

const [server] = process.argv.slice(2);
const token = process.env.SHARERPC_TOKEN;
const socket = new WebSocket(server.replace(/^http/, 'ws').replace(/\/$/, '') + '/rpc', 'sharerpc.v1.json');
const calls = new Map();
let lastId = 0;

socket.on('message', (frame) => {
  const reply = JSON.parse(frame);
  const call = calls.get(reply.id);
  calls.delete(reply.id);
  if (reply.error) call.reject(Object.assign(new Error(reply.error.data?.code ?? reply.error.message),
    { data: reply.error.data }));
  else call.resolve(reply.result);
});
socket.on('close', () => calls.forEach((call) => call.reject(new Error('disconnected'))));

function call(method, params) {
  const id = ++lastId;
  socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  return new Promise((resolve, reject) => calls.set(id, { resolve, reject }));
}

/** An id as the spec has it: 22 base62 digits. */
function randomId() {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let number = BigInt('0x' + randomBytes(16).toString('hex'));
  let text = '';
  for (let i = 0; i < 22; i++, number /= 62n) text = digits[Number(number % 62n)] + text;
  return text;
}

await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
const redeemed = await call('redeemShare', { token, writer_id: randomId() });
const share = (method, params) => call(`$/invokeProxy/${redeemed.share.handle}/${method}`, params);

const batch = (seq, ...ops) => ({ batch_id: randomUUID(),
  ops: ops.map((op, i) => ({ op_id: randomUUID(), seq: seq + i, ...op })) });
const first = batch(1, { verb: 'put', kind: 'message', key: 'm1', data: { role: 'user', text: 'héllo' } });
const second = batch(2,
  { verb: 'append', kind: 'part', key: 'p1', data: { field: 'text', text: 'from ' } },
  { verb: 'append', kind: 'part', key: 'p1', data: { field: 'text', text: 'Node' } });
const acks = [await share('appendOps', first), await share('appendOps', second), await share('appendOps', second)];
const gap = await share('appendOps', batch(9, { verb: 'put', kind: 'part', key: 'x', data: {} })).catch((error) =>
  error.data);

const page = await share('readOps', { after: redeemed.cursor, limit: 100, wait_ms: 0 });
const state = await share('getState', {});
socket.send(JSON.stringify({ jsonrpc: '2.0', method: `$/invokeProxy/${redeemed.share.handle}/Dispose` }));
socket.send(JSON.stringify({ jsonrpc: '2.0', method: '$/releaseMarshaledObject',
  params: { handle: redeemed.share.handle, ownedBySender: false } }));
const afterwards = await share('readOps', { after: 0 }).catch((error) => error.message);
socket.close();

console.log(JSON.stringify({ applied: acks.map((a) => a.applied.length),
  duplicates: acks.map((a) => a.duplicates.length),
  cursors: page.ops.map((op) => op.cursor), docs: state.docs, gap, afterwards }));
