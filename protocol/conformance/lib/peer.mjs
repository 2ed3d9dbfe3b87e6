// A scripted server: as much of a server as a client can tell, with faults at given calls, and an eye on the client.
import { WebSocketServer } from 'ws';
import { once } from 'node:events';
import { schema, wrong } from './vectors.mjs';
import { fold } from './fold.mjs';
import { newId, newToken, tokenDigest } from './secrets.mjs';

const LIMITS = {
  frame_bytes: 16777216, op_bytes: 8388608, document_bytes: 12582912, batch_ops: 1000, batch_bytes: 8388608,
  data_depth: 48, depends_on: 16, batch_depends_on: 1024, page_bytes: 1048576, page_entries: 1000, wait_ms: 30000,
  credit_bytes: 4194304, calls_in_flight: 64,
  waiting_reads: 16, handles_per_connection: 1000, redeem_batches: 64, chain_depth: 16,
};
const UNPROVEN_BYTES = 262144;
const OF_REFUSALS = ['code', 'transient', 'action', 'hint', 'retry_after_ms', 'head', 'acked_seq'];

export class Peer {
  /** What the client did against the rules. */
  violations = [];
  log = [];
  redemptions = 0;
  /** Called where a fault kills the client. */
  onKill = () => {};
  #input;
  #counts = {};
  #writers = new Map();
  #forked = new Set();
  #grants = new Set();
  #batches = new Map();
  #known = new Map();
  #docs = new Map();
  #later;
  #waiting = [];
  #notBefore = 0;
  #stopped = false;
  #handle = 0;
  #generation;

  constructor(input) {
    this.#input = input;
    this.shareId = newId();
    this.token = newToken().token;
    this.limits = { ...LIMITS, ...input.limits };
    for (const op of input.log ?? []) this.#add(op);
    this.#later = [...(input.later ?? [])];
  }

  static async start(input) {
    const peer = new Peer(input);
    peer.sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/rpc', perMessageDeflate: false });
    peer.sockets.on('connection', (socket) => peer.#connect(socket));
    await once(peer.sockets, 'listening');
    return peer;
  }

  get link() {
    return `http://127.0.0.1:${this.sockets.address().port}/s/${this.shareId}#${this.token}`;
  }

  get documents() {
    return [...this.#docs.values()].sort((a, b) => (a.kind + '\0' + a.key < b.kind + '\0' + b.key ? -1 : 1));
  }

  get #ofRestore() {
    return this.#generation === undefined ? {} : { generation: this.#generation };
  }

  /** The server comes back with another log. */
  #restore({ log, generation }, session) {
    [this.log, this.#docs, this.#known, this.#generation] = [[], new Map(), new Map(), generation];
    for (const op of log) this.#add(op);
    return this.#cut(session);
  }

  get #features() {
    return { caveats: [], methods: this.#input.pushes ? ['readOps', 'subscribe'] : [], extensions: [] };
  }

  close() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
  }

  #connect(socket) {
    if (socket.protocol !== 'sharerpc.v1.json') this.#blame('WS-1', 'the subprotocol was not offered');
    const session = { socket, unanswered: 0, isClosed: false, subscriptions: new Map() };
    socket.on('close', () => (session.isClosed = true));
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      if (isBinary) return this.#blame('WS-2', 'a binary message');
      const text = String(data);
      if (text !== '') this.#receive(session, text, JSON.parse(text));
    });
  }

  #receive(session, text, message) {
    if (message.id === undefined && message.method === 'credit') this.#giveCredit(session, message.params);
    if (message.id === undefined || session.isClosed) return;
    const [, , name] = /^\$\/invokeProxy\/(\d+)\/(\w+)$/.exec(message.method) ?? [];
    const method = name ?? message.method;
    const params = Array.isArray(message.params) ? message.params[0] : message.params ?? {};
    const faults = wrong(schema.methods[`${name ? 'share' : 'gateway'}.${method}`]?.params, params);
    if (faults.length > 0) this.#blame('RPC-2', `${method}: ${faults[0]}`);
    if (this.#stopped) this.#blame('ERR-7', `${method} after the action stop`);
    if (Date.now() < this.#notBefore) this.#blame('ERR-3', `${method} before retry_after_ms was over`);
    session.unanswered++;
    this.#look(session, method, params, text);
    const own = this.#nextFault(method);
    // A batch in a redemption is an append like any other.
    const ofBatches = method === 'redeemShare' ? (params.append ?? []).map(() => this.#nextFault('appendOps')) : [];
    const fault = own ?? ofBatches.find((one) => one && one.do !== 'error');
    const answer = (body) => {
      session.unanswered--;
      if (session.isClosed) return;
      session.socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body, more: { unknown: [1] } }));
    };
    if (fault?.do === 'close') return this.#cut(session, fault.code);
    if (fault?.do === 'drop') return this.#cut(session);
    if (fault?.do === 'restore') return this.#restore(fault, session);
    if (fault?.do === 'error') {
      if (name && fault.action === 'redeem') session.dead = fault;
      return answer({ error: this.#refusal(fault) });
    }
    if (name && session.dead) return answer({ error: this.#refusal(session.dead) });
    if (fault?.do === 'fork') this.#forked.add(params.writer_id ?? session.writer);
    if (method === 'subscribe' && this.#input.pushes) return this.#subscribe(session, params, fault, answer);
    const result = this.#carryOut(session, method, params, fault, ofBatches);
    if (result === null) this.#waiting.push({ session, after: params.after ?? 0, answer });
    else if (fault?.do === 'drop_reply') this.#cut(session);
    else if (fault?.do === 'kill') this.onKill();
    else answer(result.refused ? { error: this.#refusal(result.refused) } : { result: result.result });
    return this.#feed();
  }

  /** Gives the next op to whoever waits, once somebody does. */
  #feed() {
    if (this.#waiting.length === 0 || this.#input.class !== 'reader') return;
    if (this.#later.length > 0) this.#add(this.#later.shift());
    const waiting = this.#waiting;
    this.#waiting = [];
    setImmediate(() => {
      for (const { session, after, answer } of waiting)
        if (!session.isClosed) answer({ result: this.#page(after) });
    });
  }

  #subscribe(session, params, fault, answer) {
    const number = params.subscription ?? 0;
    if (session.subscriptions.has(number)) this.#blame('SUB-2', `subscription ${number} is live`);
    if (!(params.credit >= 1 && params.credit <= this.limits.credit_bytes))
      this.#blame('SUB-2', `a credit of ${params.credit}`);
    if (fault?.do === 'gap') return answer({ result: this.#page(params.after ?? 0, fault) });
    session.subscriptions.set(number, { number, after: params.after ?? 0, credit: params.credit, unpaid: 0, answer });
    this.#send(session, number, { ops: [], cursor: params.after ?? 0, head: this.log.length }); // a sign of life
    return setImmediate(() => this.#push(session));
  }

  #giveCredit(session, { subscription = 0, bytes }) {
    const one = session.subscriptions.get(subscription);
    if (!one) return;
    one.unpaid -= bytes;
    if (one.unpaid < 0) this.#blame('SUB-3', 'more credit was given back than was used');
    one.credit += bytes;
    this.#push(session);
  }

  /** Pushes what there is, within each credit; then one of the later ops, until there is none. */
  #push(session) {
    for (const one of session.subscriptions.values()) {
      for (;;) {
        if (one.after === this.log.length && this.#later.length > 0) this.#add(this.#later.shift());
        if (one.after >= this.log.length || one.credit <= 0 || session.isClosed) break;
        const fault = this.#nextFault('page');
        if (fault?.do === 'restore') return this.#restore(fault, session);
        if (fault) return this.#cut(session, fault.code);
        const { ended, ...page } = this.#page(one.after);
        const bytes = this.#send(session, one.number, page);
        one.credit -= bytes;
        one.unpaid += bytes;
        one.after = page.cursor;
      }
      if (one.after < this.log.length || session.isClosed) continue;
      session.subscriptions.delete(one.number);
      one.answer({ result: { ops: [], cursor: one.after, head: this.log.length, ended: true } });
    }
    return undefined;
  }

  #send({ socket }, subscription, page) {
    const bytes = page.ops.reduce((sum, op) => sum + Buffer.byteLength(JSON.stringify(op)), 0);
    const params = { subscription, bytes, ...page, more: true };
    socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'page', params }));
    return bytes;
  }

  #nextFault(method) {
    const nth = (this.#counts[method] = (this.#counts[method] ?? 0) + 1);
    return this.#input.faults?.find((one) => one.on === method && one.nth === nth);
  }

  #carryOut(session, method, params, fault, ofBatches) {
    switch (method) {
      case 'redeemShare': return this.#grants.has(tokenDigest(params.token))
        ? { refused: { code: 'invalid_token', transient: false, action: 'stop' } } // its link gives no grants
        : { result: this.#redeem(session, params, fault, ofBatches) };
      case 'appendOps': return this.#append(session, params);
      case 'readOps': {
        const page = this.#page(params.after ?? 0, fault);
        const isEmpty = page.ops.length === 0 && !page.ended && page.gap === undefined;
        return isEmpty && params.wait_ms > 0 ? null : { result: page };
      }
      case 'getState': return { result: { docs: this.documents, cursor: this.log.length, ...this.#ofRestore } };
      default: return { refused: { code: 'method_not_found', transient: false, action: 'redeem' } };
    }
  }

  #redeem(session, params, fault, ofBatches) {
    this.redemptions++;
    if (params.token !== this.token) this.#blame('REDEEM-1', 'another token than that of the link');
    session.writer = params.writer_id;
    session.isProven = true;
    session.dead = undefined;
    const acks = [];
    for (const [i, batch] of (params.append ?? []).entries()) {
      const outcome = ofBatches[i]?.do === 'error' ? { refused: ofBatches[i] } : this.#append(session, batch);
      const said = outcome.refused ? { error: this.#refusal(outcome.refused).data } : { ack: outcome.result };
      acks.push({ batch_id: batch.batch_id, ...said });
      if (outcome.refused) break;
    }
    return {
      share: { __jsonrpc_marshaled: 1, handle: ++this.#handle, lifetime: 'call' }, share_id: this.shareId,
      cap_id: this.token.slice(5, 27), rights: ['read', 'append', 'end'], caveats: {}, epoch: 1,
      cursor: this.log.length, limits: this.limits, features: this.#features, ...this.#ofRestore,
      ...(params.writer_id && { writer: { acked_seq: this.#input.boast ?? this.#writer(params.writer_id).watermark } }),
      ...(params.append && { acks }),
      ...(params.read && { page: this.#page(params.read.after ?? 0, fault) }),
    };
  }

  #page(after, fault) {
    const head = this.log.length;
    const ended = this.#later.length === 0 && this.#input.class === 'reader' ? { ended: true } : {};
    const more = { ...ended, ...this.#ofRestore };
    if (fault?.do === 'gap') return { ops: [], cursor: after, head, gap: fault.at, ...more };
    const ops = this.log.slice(after, after + (this.#input.page ?? 1000));
    return { ops, cursor: Math.max(after, after + ops.length), head, ...more };
  }

  #append(session, batch) {
    const { writer } = session;
    if (this.#forked.has(writer))
      return { refused: { code: 'writer_forked', transient: false, action: 'new_writer' } };
    if (batch.ops.some((op) => op.op_id === this.#input.refuse) || batch.ops.length > this.limits.batch_ops) {
      for (const place of this.#batches.keys()) if (!place.startsWith('op ')) this.#batches.delete(place);
      return { refused: { code: 'invalid_batch', transient: false, action: 'split' } };
    }
    if (!writer) return { result: this.#ackOf(batch.ops.map((op) => this.#applyOnce(op))) };
    const state = this.#writer(writer);
    const first = batch.ops[0].seq;
    if (first > state.watermark + 1)
      return { refused: { code: 'sequence_gap', transient: false, action: 'resend_from', acked_seq: state.watermark } };
    const outcomes = batch.ops.map((op) => {
      const before = state.records.get(op.seq);
      if (before) return before.outcome === 'applied' ? { ...before, outcome: 'duplicates' } : before;
      const outcome = this.#applyOnce(op);
      state.records.set(op.seq, outcome);
      state.watermark = op.seq;
      return outcome;
    });
    return { result: this.#ackOf(outcomes) };
  }

  #applyOnce(op) {
    const reject = this.#input.reject?.[op.op_id];
    const missing = (op.depends_on ?? []).find((id) => !this.#known.has(id));
    if (reject) return { op_id: op.op_id, outcome: 'rejected', code: reject };
    if (missing) return { op_id: op.op_id, outcome: 'rejected', code: 'dependency_missing' };
    const known = this.#known.get(op.op_id);
    if (known) return { op_id: op.op_id, outcome: 'duplicates', cursor: known };
    return { op_id: op.op_id, outcome: 'applied', cursor: this.#add(op) };
  }

  #ackOf(outcomes) {
    const of = (name) => outcomes.filter(({ outcome }) => outcome === name);
    return {
      cursor: this.log.length,
      applied: of('applied').map(({ op_id, cursor }) => ({ op_id, cursor })),
      duplicates: of('duplicates').map(({ op_id, cursor }) => ({ op_id, cursor })),
      rejected: of('rejected').map(({ op_id, code }) => ({ op_id, code, message: 'It was refused.' })),
    };
  }

  #add(op) {
    const cursor = this.log.length + 1;
    const { seq, depends_on, if_changed, ...kept } = op;
    const logged = op.hidden || (op.redacted && !op.op_id) ? { ...op, cursor } : {
      cursor, op_id: `o${cursor}`, actor: newId(), time_ms: 1795200000000, schema_version: 1, ...kept, unknown: true,
    };
    this.log.push(logged);
    if (op.op_id) this.#known.set(op.op_id, cursor);
    if (!op.hidden) {
      const name = `${op.kind}\0${op.key}`;
      const doc = fold(this.#docs.get(name), logged);
      if (doc) this.#docs.set(name, doc);
      else this.#docs.delete(name);
    }
    return cursor;
  }

  /** Looks at what the client sends: by its class, and against what it sent before. */
  #look(session, method, params, text) {
    if (!session.isProven && text.length > UNPROVEN_BYTES)
      this.#blame('WS-3', `${text.length} bytes before a redemption`);
    if (params.grant) this.#grants.add(params.grant.token_digest);
    if (method === 'appendOps' && !session.writer && session.unanswered > 1)
      this.#blame('APPLY-27', 'a second batch under way without a writer');
    if (method === 'redeemShare' && this.#input.class === 'outbox' && !params.writer_id)
      this.#blame('APPLY-27', 'an outbox without a writer_id');
    const writer = method === 'redeemShare' ? params.writer_id : session.writer;
    const batches = method === 'redeemShare' ? params.append ?? [] : method === 'appendOps' ? [params] : [];
    const texts = [...text.matchAll(/"ops":\s*\[/g)].map((match) => opTexts(text, match.index + match[0].length));
    batches.forEach((batch, i) => this.#lookAt(writer, batch, texts[i], method === 'appendOps'));
  }

  #lookAt(writer, batch, texts, isTold) {
    const isNew = !this.#batches.has(`op ${batch.ops[0].op_id}`);
    if (isTold && isNew && batch.ops.length > this.limits.batch_ops)
      this.#blame('LIMIT-1', `${batch.ops.length} ops in a batch`);
    if (!writer && batch.ops.some((op) => op.seq !== undefined)) this.#blame('BATCH-4', 'a seq without a writer');
    batch.ops.forEach((op, i) => {
      if (writer && op.seq !== batch.ops[0].seq + i) this.#blame('BATCH-4', 'seqs that are not consecutive');
      const bytes = texts[i].replace(/"seq":\s*\d+,?/, '').replace(/,\}$/, '}');
      const before = this.#batches.get(`op ${op.op_id}`);
      if (before !== undefined && before !== bytes) this.#blame('OP-12', `${op.op_id} was written anew`);
      this.#batches.set(`op ${op.op_id}`, bytes);
      if (!writer) return;
      const place = `${writer} ${op.seq}`;
      const group = batch.ops.map((one) => one.op_id).join(' ');
      const was = this.#batches.get(place);
      if (was !== undefined && was !== group) this.#blame('APPLY-25', `seq ${op.seq} was sent in another batch`);
      this.#batches.set(place, group);
    });
  }

  #writer(id) {
    if (!this.#writers.has(id)) this.#writers.set(id, { watermark: 0, records: new Map() });
    return this.#writers.get(id);
  }

  #data(refusal) {
    return Object.fromEntries(
      OF_REFUSALS.filter((name) => refusal[name] !== undefined).map((name) => [name, refusal[name]]));
  }

  #refusal(refusal) {
    const data = this.#data(refusal);
    if (data.action === 'stop' && data.code !== 'invalid_token') this.#stopped = true;
    if (data.retry_after_ms) this.#notBefore = Date.now() + data.retry_after_ms - 2;
    return { code: -32099, message: data.code, data };
  }

  #cut(session, code) {
    session.isClosed = true;
    if (code) session.socket.close(code);
    else session.socket.terminate();
  }

  #blame(rule, what) {
    this.violations.push(`${rule}: ${what}`);
  }
}

/** The texts of the objects of an array that begins at a position. */
function opTexts(text, start) {
  const texts = [];
  for (let i = start, depth = 0, from = start, inString = false; i < text.length; i++) {
    const letter = text[i];
    if (inString) {
      if (letter === '\\') i++;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === '{' || letter === '[') {
      if (depth++ === 0) from = i;
    } else if (letter === '}' || letter === ']') {
      if (depth === 0) return texts;
      if (--depth === 0) texts.push(text.slice(from, i + 1));
    }
  }
  return texts;
}
