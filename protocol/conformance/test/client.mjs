// Small clients of each class, each with a defect that can be switched on: node client.mjs CLASS LINK DIRECTORY
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { fold } from '../lib/fold.mjs';
import { newId, newToken } from '../lib/secrets.mjs';

const [of, link, directory] = process.argv.slice(2);
const defect = process.env.DEFECT;
const [, server, token] = /^(.*)\/s\/[^#]*#(.*)$/.exec(link);
const say = (line) => console.log(JSON.stringify(line));

/** A redeemed share: `{result, call(method, paramsText)}`. Rejects with `{action?, ...}` of an error. */
async function open(params) {
  const socket = new WebSocket(server.replace('http', 'ws') + '/rpc', 'sharerpc.v1.json', { perMessageDeflate: false });
  const calls = new Map();
  let last = 0;
  const lose = (closed) => calls.forEach(({ reject }) => reject({ action: 'redeem', transient: true, closed }));
  socket.on('error', lose);
  socket.on('close', lose);
  socket.on('message', (data) => {
    const { id, error, result } = JSON.parse(data);
    if (error) calls.get(id)?.reject(error.data);
    else calls.get(id)?.resolve(result);
    calls.delete(id);
  });
  const call = (method, text) => new Promise((resolve, reject) => {
    const id = ++last;
    calls.set(id, { resolve, reject });
    if (socket.readyState > 1) return lose();
    socket.send(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${text}}`);
  });
  await new Promise((resolve, reject) =>
    socket.once('open', resolve).once('error', () => reject({ action: 'redeem' })));
  const result = await redeem((by, more) => call('redeemShare', `{"token":"${by}"${more}${params}}`));
  return { result, call: (method, text) => call(`$/invokeProxy/${result.share.handle}/${method}`, text), socket };
}

/** Where an outbox keeps its grant (GRANT-5). */
let grants;

async function redeem(send) {
  if (!grants) return send(token, '');
  let grant = grants.get();
  if (grant) {
    try {
      return await send(grant.token, '');
    } catch (error) {
      if (error.action === 'redeem' && error.code) grant = undefined;
      else if (error.code !== 'invalid_token') throw error;
    }
  }
  grants.set((grant ??= newToken()));
  const result = await send(token, `,"grant":{"cap_id":"${grant.cap}","token_digest":"${grant.digest}"}`);
  if (!result.grant) grants.set(undefined);
  return result;
}

const isRefusedFrame = ({ closed }) => closed === 1007 || closed === 1009;
const KNOWN = ['retry', 'redeem', 'new_writer', 'resend_from', 'split', 'park', 'stop', 'ask'];
const actionOf = (error) => (KNOWN.includes(error.action) ? error.action : error.transient ? 'retry' : 'park');
const pause = (error) => sleep((defect === 'hurries' ? 0 : error.retry_after_ms ?? 0) + 30);

/** Repeats what is done with a share until it is done. */
async function persist(params, use) {
  for (;;) {
    let share;
    try {
      share = await open(params());
      return await use(share);
    } catch (error) {
      if (error instanceof Error) throw error;
      const isOver = !['retry', 'redeem'].includes(actionOf(error));
      if (isOver && !(defect === 'insists' && actionOf(error) === 'ask')) throw error;
      await pause(error);
    } finally {
      share?.socket.terminate();
    }
  }
}

const VERBS = ['put', 'remove', 'append'];

async function read() {
  const documents = new Map();
  let [after, generation] = [0, undefined];
  await persist(() => `,"read":{"after":${defect === 'starts-over' ? 0 : after}}`, async (share) => {
    for (let page = share.result.page; ; page = await share.call('readOps', `{"after":${after},"wait_ms":20000}`)) {
      const isRestored = generation !== undefined && generation !== (page.generation ?? 0);
      if (page.gap !== undefined || isRestored) {
        const state = await share.call('getState', '{}');
        documents.clear();
        for (const doc of state.docs) documents.set(`${doc.kind}\0${doc.key}`, doc);
        after = state.cursor;
      }
      generation = page.generation ?? 0;
      for (const op of isRestored ? [] : page.ops) {
        say({ cursor: (after = op.cursor) });
        if (op.verb && !VERBS.includes(op.verb) && defect !== 'guesses') throw new Error(`What is ${op.verb}?`);
        const name = `${op.kind}\0${op.key}`;
        const doc = fold(documents.get(name), op);
        if (doc) documents.set(name, doc);
        else documents.delete(name);
      }
      if (page.ended && after >= page.head) return;
    }
  });
  const sorted = [...documents.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  say({ documents: sorted.filter(([, doc]) => doc.kind).map(([, { kind, key, data }]) => ({ kind, key, data })) });
}

async function input() {
  const ops = [];
  for await (const line of createInterface({ input: process.stdin })) ops.push(line);
  return ops;
}

async function writePlainly() {
  let left = await input();
  let most = left.length;
  while (left.length > 0) {
    let tries = 0;
    let closes = 0;
    const { batch, answer, error } = await persist(() => '', async (share) => {
      const batch = left.slice(0, Math.min(most, share.result.limits.batch_ops));
      const texts = defect === 'writes-anew' && tries++ > 0 ? batch.map((op) => op.replace('{', '{ ')) : batch;
      const [answer, error] = await share.call('appendOps', `{"batch_id":"b","ops":[${texts}]}`)
        .then((ack) => [ack], (refused) => [null, refused]);
      if (error && isRefusedFrame(error) && ++closes === 2)
        return { batch, error: { code: 'too_large' } };
      if (error && ['retry', 'redeem', 'stop'].includes(actionOf(error))) throw error;
      return { batch, answer, error };
    });
    if (error && batch.length > 1 && defect !== 'gives-up') {
      most = Math.floor(batch.length / 2);
      continue;
    }
    if (defect === 'forgives' && answer) answer.rejected = answer.rejected.filter((op) => op.code !== 'atomic_aborted');
    const rejected = error ? [{ op_id: JSON.parse(batch[0]).op_id, code: error.code }] : answer.rejected;
    for (const { op_id, code } of rejected) say({ parked: op_id, code });
    left = left.slice(batch.length);
  }
}

/** The outbox is one file: `{writer, next, rows: [{id, body, seq?, batch?}]}`. */
async function writeByOutbox() {
  const path = join(directory, 'outbox.json');
  const box = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8'))
    : { writer: newId(), next: 1, batch: 1, acked: 0, missing: 0, rows: [] };
  const parked = [];
  const closes = {};
  let most = 2;
  if (defect !== 'keeps-no-grant') grants = { get: () => box.grant, set: (grant) => ((box.grant = grant), keep()) };
  const keep = () => {
    writeFileSync(path + '.new', JSON.stringify(box));
    renameSync(path + '.new', path);
  };
  for (const body of await input()) {
    box.rows.push({ id: JSON.parse(body).op_id, body });
    keep();
    say({ enqueued: box.rows.at(-1).id });
  }
  const renew = () => {
    Object.assign(box, { writer: newId(), next: 1, acked: 0 });
    for (const row of box.rows) delete row.seq, delete row.batch;
  };
  const park = (ids, code, unknown) => {
    for (const id of ids) parked.push({ parked: id, code, ...(unknown && { outcome_unknown: true }) });
    box.rows = box.rows.filter((row) => !ids.includes(row.id));
  };
  while (box.rows.length > 0) {
    let batch;
    try {
      await persist(() => `,"writer_id":"${box.writer}"`, async (share) => {
        if (defect === 'trusts-acked-seq') {
          box.rows.forEach((row, i) => (row.seq ??= i + 1));
          box.rows = box.rows.filter((row) => row.seq > share.result.writer.acked_seq);
        }
        const known = share.result.writer.acked_seq;
        if (known < box.acked && defect !== 'forgets') box.missing += box.acked - known;
        box.acked = Math.min(box.acked, known);
        while (box.rows.length > 0) {
          if (defect === 'regroups' && most++) for (const row of box.rows) delete row.batch;
          const sent = box.rows.find((row) => row.batch)?.batch;
          batch = sent ? box.rows.filter((row) => row.batch === sent)
            : box.rows.slice(0, Math.min(share.result.limits.batch_ops, most));
          for (const row of batch) row.seq ??= box.next++, row.batch ??= box.batch;
          box.batch++;
          keep();
          const ops = batch.map(({ body, seq }) => `${body.slice(0, -1)},"seq":${seq}}`);
          const ack = await share.call('appendOps', `{"batch_id":"b","ops":[${ops}]}`).catch((error) => {
            if (!isRefusedFrame(error) || (closes[batch[0].batch] = (closes[batch[0].batch] ?? 0) + 1) < 2) throw error;
            throw { action: 'split', code: 'too_large' };
          });
          box.acked = Math.max(box.acked, ...batch.map((row) => row.seq));
          const named = new Set([...ack.applied, ...ack.duplicates].map((op) => op.op_id));
          box.rows = box.rows.filter((row) => !named.has(row.id));
          for (const { op_id, code } of ack.rejected) {
            if (code !== 'dependency_missing') park([op_id], code);
            else {
              const [row] = box.rows.splice(box.rows.findIndex(({ id }) => id === op_id), 1);
              box.rows.push({ id: row.id, body: row.body });
            }
          }
          keep();
        }
      });
    } catch (error) {
      if (error instanceof Error) throw error;
      const action = actionOf(error);
      if (action === 'stop') {
        park(box.rows.map((row) => row.id), error.code, error.code !== 'share_ended' || defect === 'doubts');
        parked.forEach(say);
        throw error;
      }
      if (action === 'split' && batch.length > 1) most = 1;
      else if (action === 'split' || action === 'park') park(batch.map((row) => row.id), error.code);
      renew();
      keep();
    }
  }
  parked.forEach(say);
  if (box.missing) say({ missing: box.missing });
}

try {
  await { reader: read, plain: writePlainly, outbox: writeByOutbox }[of]();
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(3);
}
