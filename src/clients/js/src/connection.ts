import { Disconnected, ShareRpcError, type ErrorData } from './errors.js';
import { RootHandle, ShareHandle, type ReadingHandle } from './handles.js';
import { rpcAddress } from './links.js';
import { fitsUnproven, replay } from './replaying.js';
import type {
  Ack, Caveats, Features, Limits, OpPage, PushedPage, RedeemRootRequest, RedeemShareRequest, Right,
} from './wire.js';

const SUBPROTOCOL = 'sharerpc.v1.json';
const CANCELLED = -32800;

export interface ConnectOptions {
  /** Default: the platform's; before Node 22 that of `ws`. */
  WebSocket?: typeof WebSocket;
  signal?: AbortSignal;
}

export interface CloseReason {
  code: number;
  reason: string;
}

interface Redeemed {
  capId: string;
  rights: Right[];
  /** Includes its ancestors' caveats. */
  caveats: Caveats;
  epoch: number;
  limits: Limits;
  features?: Features;
}

export interface RedeemedShare extends Redeemed {
  handle: ShareHandle;
  shareId: string;
  /** The share's head. */
  cursor: number;
  /** The requested grant, if the server stored it; then the handle belongs to it. */
  grant?: { cap_id: string; expires_at_ms: number };
  writer?: { acked_seq: number };
  acks?: { batch_id: string; ack?: Ack; error?: ErrorData }[];
  page?: OpPage;
  /** When the server removes the share unless something is appended before, in Unix ms. */
  keptUntilMs?: number;
  /** What the last restore of the server gave to the share (READ-9); absent: 0. */
  generation?: number;
}

/** A share that was redeemed for reading, over whatever connection. */
export type RedeemedForReading = Omit<RedeemedShare, 'handle'> & { handle: ReadingHandle };

export interface RedeemedRoot extends Redeemed {
  handle: RootHandle;
}

interface Redemption {
  share?: { handle: number };
  root?: { handle: number };
  share_id: string;
  cap_id: string;
  rights: Right[];
  caveats: Caveats;
  epoch: number;
  cursor: number;
  limits: Limits;
  features?: Features;
  grant?: RedeemedShare['grant'];
  writer?: { acked_seq: number };
  acks?: RedeemedShare['acks'];
  page?: OpPage;
  kept_until_ms?: number;
  generation?: number;
}

interface Pending {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * One WebSocket. A refusal throws `ShareRpcError`; a lost connection `Disconnected`, and pending calls may have been
 * done.
 */
export class Connection {
  /** Never rejects. */
  readonly closed: Promise<CloseReason>;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #onPage = new Map<number, (page: PushedPage) => void>();
  #lastId = 0;
  #subscriptions = 0;
  #frameBytes = 16777216;
  #isProven = false;
  #end: CloseReason | undefined;
  #onClosed!: (reason: CloseReason) => void;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('close', (event) => this.#lose({ code: event.code, reason: event.reason }));
    socket.addEventListener('error', () => {}); // a close follows, and says all that a page may know
  }

  /** Connects to an `http(s)` address with path. Throws `Disconnected` if none answers. */
  static async open(server: string, options: ConnectOptions = {}): Promise<Connection> {
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    options.signal?.throwIfAborted();
    const socket = new Socket(rpcAddress(server), SUBPROTOCOL);
    const connection = new Connection(socket);
    const abort = () => connection.close();
    options.signal?.addEventListener('abort', abort);
    try {
      await Promise.race([
        new Promise<void>((resolve) => socket.addEventListener('open', () => resolve())),
        connection.closed.then(() => Promise.reject(new Disconnected('The server does not answer.'))),
      ]);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
    return connection;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Redeems a token. What does not fit a server's first message is appended and read by calls of their own. */
  async redeemShare(request: RedeemShareRequest): Promise<RedeemedShare> {
    const { append, read, ...alone } = request;
    if (append?.length && !this.#isProven && !fitsUnproven(request)) {
      return replay(await this.redeemShare(alone), append, read);
    }
    const result = await this.call<Redemption>('redeemShare', normal(request));
    const share = this.#redeemed(result);
    return {
      ...share,
      handle: new ShareHandle(this, result.share!.handle),
      shareId: result.share_id,
      cursor: result.cursor,
      ...(result.grant && { grant: result.grant }),
      ...(result.writer && { writer: result.writer }),
      ...(result.acks && { acks: result.acks }),
      ...(result.page && { page: result.page }),
      ...(result.kept_until_ms !== undefined && { keptUntilMs: result.kept_until_ms }),
      ...(result.generation !== undefined && { generation: result.generation }),
    };
  }

  async redeemRoot(request: RedeemRootRequest): Promise<RedeemedRoot> {
    const result = await this.call<Redemption>('redeemRoot', normal(request));
    return { ...this.#redeemed(result), handle: new RootHandle(this, result.root!.handle) };
  }

  /** Calls any method. Abort requests cancellation and does not wait for it. */
  async call<T>(method: string, params?: object, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const abort = () => {
      this.#pending.get(id)?.reject(signal!.reason);
      this.#pending.delete(id);
      if (this.isOpen) this.notify('$/cancelRequest', { id });
    };
    signal?.addEventListener('abort', abort);
    try {
      this.#send({ jsonrpc: '2.0', id, method, ...(params && { params }) });
      return (await answer) as T;
    } finally {
      this.#pending.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Sends a notification; does nothing on a closed connection. */
  notify(method: string, params?: object): void {
    if (this.isOpen) this.#send({ jsonrpc: '2.0', method, ...(params && { params }) });
  }

  /** Hands over the pages of a new subscription, whose number this returns. */
  onPage(take: (page: PushedPage) => void): number {
    this.#onPage.set(this.#subscriptions, take);
    return this.#subscriptions++;
  }

  offPage(subscription: number): void {
    this.#onPage.delete(subscription);
  }

  close(): void {
    this.#socket.close(1000);
    this.#lose({ code: 1000, reason: '' });
  }

  #redeemed(result: Redemption): Redeemed {
    this.#isProven = true;
    this.#frameBytes = result.limits['frame_bytes'] ?? this.#frameBytes;
    const { cap_id: capId, rights, caveats, epoch, limits, features } = result;
    return { capId, rights, caveats, epoch, limits, ...(features && { features }) };
  }

  #send(message: object): void {
    if (this.#end) throw new Disconnected('The connection is closed.');
    const text = JSON.stringify(message);
    // At most three bytes per UTF-16 unit.
    if (text.length * 3 > this.#frameBytes && new TextEncoder().encode(text).length > this.#frameBytes) {
      throw new RangeError(`The message is over the server's limit of ${this.#frameBytes} bytes.`);
    }
    this.#socket.send(text);
  }

  #receive(data: unknown): void {
    const message = JSON.parse(String(data)) as Answer;
    if (message.method === 'page') {
      const page = message.params as PushedPage;
      this.#onPage.get(page.subscription)?.(page);
      return;
    }
    const waiting = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined;
    if (!waiting) return;
    if (message.error) waiting.reject(toError(message.error));
    else waiting.resolve(message.result);
  }

  #lose(reason: CloseReason): void {
    if (this.#end) return;
    this.#end = reason;
    for (const waiting of this.#pending.values()) {
      waiting.reject(new Disconnected('The connection was lost.', reason.code));
    }
    this.#pending.clear();
    this.#onClosed(reason);
  }
}

interface Answer {
  id?: unknown;
  method?: unknown;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: ErrorData };
}

function toError(error: NonNullable<Answer['error']>): Error {
  if (error.code === CANCELLED) return new DOMException('The call was cancelled.', 'AbortError');
  return new ShareRpcError(error.data ?? { code: 'internal', transient: true });
}

function normal<T extends { passphrase?: string }>(request: T): T {
  return request.passphrase === undefined ? request : { ...request, passphrase: request.passphrase.normalize('NFC') };
}
