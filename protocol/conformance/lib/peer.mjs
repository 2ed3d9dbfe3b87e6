// A scripted server: as much of a server as a client can tell, with faults at given calls, and an eye on the client.
import { WebSocketServer } from 'ws';
import { once } from 'node:events';
import { schema, wrong } from './vectors.mjs';
import { fold } from './fold.mjs';
import { Watch } from './watch.mjs';
import { newId, newToken, tokenDigest } from './secrets.mjs';

const LIMITS = {
  frame_bytes: 16777216, op_bytes: 8388608, document_bytes: 12582912, batch_ops: 1000, batch_bytes: 8388608,
  data_depth: 48, depends_on: 16, batch_depends_on: 1024, page_bytes: 1048576, page_entries: 1000, wait_ms: 30000,
  credit_bytes: 4194304, calls_in_flight: 64,
  waiting_reads: 16, handles_per_connection: 1000, redeem_batches: 64, chain_depth: 16,
};
/** What is said of a grant that has ended (GRANT-6). */
const OVER = { code: 'capability_revoked', transient: false, action: 'redeem' };
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
  #watch;
  #known = new Map();
  #docs = new Map();
  #later;
  #waiting = [];
  #notBefore = 0;
  #stopped = false;
  #asked = false;
  #ended = false;
  #handle = 0;
  #uses = 0;
  /** The grants that the link has given, by the digests of their tokens. */
  #given = new Map();
  #generation;

  constructor(input) {
    this.#input = input;
    this.shareId = newId();
    this.token = newToken().token;
    this.limits = { ...LIMITS, ...input.limits };
    this.#watch = new Watch(input.class, this.limits, (rule, what) => this.#blame(rule, what));
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

  /** How often the link itself was redeemed. */
  get uses() {
    return this.#uses;
  }

  get #ofRestore() {
    return this.#generation === undefined ? {} : { generation: this.#generation };
  }

  /** The server comes back as of its backup: with its first ops only. */
  goBack({ keep, generation }) {
    for (const writer of this.#writers.values()) {
      for (const [seq, { cursor }] of writer.records) if (cursor > keep) writer.records.delete(seq);
      writer.watermark = Math.max(0, ...writer.records.keys());
    }
    const kept = this.log.slice(0, keep);
    [this.log, this.#docs, this.#known, this.#generation] = [[], new Map(), new Map(), generation];
    for (const op of kept) this.#add(op);
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
    if (this.#asked) this.#blame('ERR-3', `${method} again after the action ask`);
    if (Date.now() < this.#notBefore) this.#blame('ERR-3', `${method} before retry_after_ms was over`);
    session.unanswered++;
    if (params.grant) this.#grants.add(params.grant.token_digest);
    this.#watch.look(session, method, params, text);
    const own = this.#nextFault(method);
    // A batch in a redemption is an append like any other.
    const ofBatches = method === 'redeemShare' ? (params.append ?? []).map(() => this.#nextFault('appendOps')) : [];
    const fault = own ?? ofBatches.find((one) => one && one.do !== 'error');
    const answer = (body) => {
      session.unanswered--;
      if (session.isClosed) return;
      session.socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body, more: { unknown: [1] } }));
    };
    if (this.#input.closes && text.includes(`"op_id":"${this.#input.closes.op}"`)) {
      this.#watch.forgetGroups();
      return this.#cut(session, this.#input.closes.code);
    }
    if (fault?.do === 'end_grants') {
      if (method === 'redeemShare') this.#refusalOfToken(params); // which may give the grant that ends
      for (const grant of this.#given.values()) grant.isOver = true;
      session.dead = OVER;
      return answer({ error: this.#refusal(OVER) });
    }
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
    this.#ended ||= fault?.ends === true;
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
      case 'redeemShare': {
        const refused = this.#refusalOfToken(params);
        return refused ? { refused } : { result: this.#redeem(session, params, fault, ofBatches) };
      }
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

  /** A link with `uses` is counted and gives grants (GRANT-4); another one gives none. */
  #refusalOfToken({ token, grant }) {
    const digest = tokenDigest(token);
    if (token !== this.token) {
      if (this.#given.has(digest)) return this.#given.get(digest).isOver ? OVER : undefined;
      return this.#grants.has(digest) ? { code: 'invalid_token', transient: false, action: 'stop' } : undefined;
    }
    const named = this.#given.get(grant?.token_digest);
    if (this.#input.uses === undefined || (named && !named.isOver)) return undefined;
    if (named) return OVER;
    if (this.#uses === this.#input.uses) return { code: 'capability_used_up', transient: false, action: 'stop' };
    this.#uses++;
    if (grant) this.#given.set(grant.token_digest, { cap_id: grant.cap_id, expires_at_ms: Date.now() + 86_400_000 });
    return undefined;
  }

  #redeem(session, params, fault, ofBatches) {
    this.redemptions++;
    const grant = this.#given.get(params.token === this.token ? params.grant?.token_digest : tokenDigest(params.token));
    if (params.token !== this.token && !grant) this.#blame('REDEEM-1', 'another token than that of the link');
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
      cap_id: grant?.cap_id ?? this.token.slice(5, 27), ...(grant && { grant }),
      rights: ['read', 'append', 'end'], caveats: {}, epoch: 1,
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
      this.#watch.forgetGroups();
      return { refused: { code: 'invalid_batch', transient: false, action: 'split' } };
    }
    const isOver = this.#ended && { refused: { code: 'share_ended', transient: false, action: 'stop' } };
    if (!writer) {
      if (isOver && !batch.ops.every((op) => this.#known.has(op.op_id))) return isOver;
      return { result: this.#ackOf(batch.ops.map((op) => this.#applyOnce(op))) };
    }
    const state = this.#writer(writer);
    const first = batch.ops[0].seq;
    if (isOver && first > state.watermark) return isOver;
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
    this.#stopped ||= data.action === 'stop' && !['invalid_token', 'share_ended'].includes(data.code);
    this.#asked ||= data.action === 'ask' && data.code === 'passphrase_required';
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
