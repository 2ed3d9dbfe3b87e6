// A connection of the kit: it sends what it is told, as text, and hides nothing of what comes back.
import WebSocket from 'ws';
import { schema, wrong } from './vectors.mjs';

const ANSWER_MS = 60_000;

/** An upgrade that was refused. */
export class Refused extends Error {
  constructor(status) {
    super(`The upgrade was answered with ${status}.`);
    this.status = status;
  }
}

export class Wire {
  #answers = new Map();
  #lastId = 0;
  #methods = new Map();
  #pages = [];
  #wanted = [];
  handles = new Map();

  constructor(socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('close', () => {
      this.#answers.forEach(({ give }) => give(null));
      this.#wanted.forEach(({ give }) => give(null));
    });
  }

  static open(server, { subprotocols = ['sharerpc.v1.json'], origin, extensions } = {}) {
    const socket = new WebSocket(server.replace(/^http/, 'ws').replace(/\/$/, '') + '/rpc', subprotocols, {
      perMessageDeflate: extensions !== undefined, ...(origin && { headers: { origin } }), maxPayload: 64 << 20,
    });
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new Wire(socket)));
      socket.once('unexpected-response', (_, response) => {
        reject(new Refused(response.statusCode));
        response.resume();
      });
      socket.once('error', reject);
    });
  }

  send(message) {
    this.socket.send(message);
  }

  /** Sends a request; `params` is JSON text. Answers the id as JSON text. */
  request(method, params, id = JSON.stringify(`k${++this.#lastId}`)) {
    this.#methods.set(id, method);
    this.send(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${params ? `,"params":${params}` : ''}}`);
    return id;
  }

  /** The answer to an id: `{message, text}`. */
  async receive(id) {
    const waiting = this.#slot(id);
    const timer = new Promise((_, reject) =>
      setTimeout(() => reject(new Error(`No answer to ${id} came.`)), ANSWER_MS).unref());
    const answer = await Promise.race([waiting.promise, timer]);
    this.#answers.delete(id);
    if (!answer) throw new Error('The connection was closed instead of an answer.');
    const faults = this.#check(id, answer.message);
    if (faults.length > 0) throw new Error(`Not of the schema: ${faults.slice(0, 3).join('; ')}`);
    return answer;
  }

  /** How many pages have come that were not looked at. */
  get pages() {
    return this.#pages.length;
  }

  /** The params of the next notification `page`. */
  async page() {
    const page = this.#pages.shift() ?? await new Promise((give, fail) => {
      const timer = setTimeout(() => fail(new Error('No page came.')), ANSWER_MS).unref();
      this.#wanted.push({ give: (page) => (clearTimeout(timer), give(page)) });
    });
    if (!page) throw new Error('The connection was closed instead of a page.');
    const faults = wrong(schema.$defs.PushedPage, page);
    if (faults.length > 0) throw new Error(`Not of the schema: ${faults.slice(0, 3).join('; ')}`);
    return page;
  }

  /** Calls and answers the result; throws the error's `data` as `refusal`. */
  async call(method, params) {
    const text = typeof params === 'string' ? params : JSON.stringify(params);
    const { message } = await this.receive(this.request(method, text));
    if (message.error) throw Object.assign(new Error(message.error.message), { refusal: message.error.data });
    return message.result;
  }

  close() {
    this.socket.terminate();
  }

  #slot(id) {
    if (!this.#answers.has(id)) {
      let give;
      const promise = new Promise((resolve) => (give = resolve));
      this.#answers.set(id, { promise, give });
    }
    return this.#answers.get(id);
  }

  #receive(text) {
    const message = JSON.parse(text);
    if (message.id !== undefined) this.#slot(JSON.stringify(message.id)).give({ message, text });
    else if (message.method !== 'page') return;
    else if (this.#wanted.length > 0) this.#wanted.shift().give(message.params);
    else this.#pages.push(message.params);
  }

  #check(id, message) {
    if (message.jsonrpc !== '2.0') return ['jsonrpc is not 2.0'];
    const method = this.#methods.get(id);
    if (message.error) return message.error.data ? wrong(schema.$defs.ErrorData, message.error.data) : [];
    if (!method || message.result === undefined) return [];
    const [, handle, name] = /^\$\/invokeProxy\/(\d+)\/(\w+)$/.exec(method) ?? [];
    const object = handle ? this.handles.get(Number(handle)) : 'gateway';
    const result = message.result;
    if (result?.share?.handle) this.handles.set(result.share.handle, 'share');
    if (result?.root?.handle) this.handles.set(result.root.handle, 'root');
    return object ? wrong(schema.methods[`${object}.${name ?? method}`]?.result, result) : [];
  }
}
