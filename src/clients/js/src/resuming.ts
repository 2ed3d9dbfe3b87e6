import { Backoff } from './backoff.js';
import { Connection, type ConnectOptions, type RedeemedForReading } from './connection.js';
import { Disconnected, ShareRpcError } from './errors.js';
import { hasEnded, redeemLink, type GrantStore } from './grants.js';
import type { ReadingHandle } from './handles.js';
import { PollingConnection } from './polling.js';
import type { PageStream } from './stream.js';
import type { Limits, OpPage } from './wire.js';

/**
 * `connecting`: not redeemed. `catching_up`: more to read. `live`: all read. `reconnecting`: connection lost, or
 * refused for now. `offline`: repeatedly no answer; retries continue.
 */
export type FollowState = 'connecting' | 'catching_up' | 'live' | 'reconnecting' | 'offline';

export interface FollowOptions extends ConnectOptions {
  token: string;
  passphrase?: string;
  /** Stores grants of counted or locked links. Default: memory. */
  grants?: GrantStore;
  /** The link's share; a token of another is `invalid_token`. */
  shareId?: string;
  /** Starts after this cursor. Default 0. */
  after?: number;
  /** The generation of that cursor (READ-9). Default: whichever is met first. */
  generation?: number;
  /** Restricts state and ops to these kinds. Default all. */
  kinds?: string[];
  /** How long `invalid_token` means "not created yet" (CAP-7). Default 3 minutes. */
  patienceMs?: number;
  /** How long a read waits for ops, where the server does not push them. Default 20 s; the server may lower it. */
  waitMs?: number;
  /** How late an answer may be before the connection counts as lost. Default 10 s. */
  marginMs?: number;
  onState?(state: FollowState): void;
  /** The grant was revoked or expired; the link is redeemed again. */
  onGrantEnded?(error: ShareRpcError): void;
  /** Called after each redemption. */
  onRedeemed?(share: RedeemedForReading): void;
  /** Called when plain requests replace a WebSocket that does not get through, and when one does again. */
  onPolling?(isPolling: boolean): void;
  /** Called for each refusal that is retried; `live` or `catching_up` ends it. */
  onTrouble?(error: ShareRpcError): void;
}

/** A page as it was read; `restored`: the log is another since the server was restored (READ-9). */
export interface ReadPage extends OpPage {
  restored?: true;
}

const OFFLINE_AFTER = 3;
const PROBE_MS = 5_000;
const POLLING_MS = 300_000;

/** Reads a share over successive connections, with backoff. For one caller at a time. */
export class ResumingShare {
  #connection: Connection | PollingConnection | undefined;
  #handle: ReadingHandle | undefined;
  /** The limits of a server that pushes pages. */
  #pushing: Limits | undefined;
  #stream: PageStream | undefined;
  /** When plain requests began to replace a WebSocket. */
  #pollingSince: number | undefined;
  #hadSocket = false;
  #passphrase: string | undefined;
  #state: FollowState | undefined;
  #wake: (() => void) | undefined;
  #handleLost = false;
  #head = 0;
  #generation: number | undefined;
  readonly #openedAt = performance.now();
  readonly #backoff = new Backoff();
  readonly #stop = new AbortController();
  readonly #signal = this.#stop.signal;
  readonly #grants: GrantStore;

  constructor(
    private readonly server: string,
    private readonly options: FollowOptions,
  ) {
    this.#grants = options.grants ?? new Map<string, string>();
    this.#passphrase = options.passphrase;
    this.#generation = options.generation;
    const { signal } = options;
    if (signal?.aborted) this.#stop.abort(signal.reason);
    else signal?.addEventListener('abort', () => this.#stop.abort(signal.reason), { signal: this.#signal });
  }

  get state(): FollowState {
    return this.#state ?? 'connecting';
  }

  /**
   * Waits for a page after a cursor; one of another generation has a `gap` up to its head. Throws a final
   * `ShareRpcError`, or `AbortError` once closed.
   */
  read(after: number, isAtOnce = false): Promise<ReadPage> {
    return this.attempt(async (share, first) => {
      const read = first ?? (await this.#timed(share, after, isAtOnce ? 0 : this.options.waitMs));
      const page: ReadPage = this.isRestored(read)
        ? { ...read, ops: [], cursor: read.head, gap: read.head, restored: true } : read;
      // Perhaps WebSockets get through by now.
      if (performance.now() - (this.#pollingSince ?? Infinity) > POLLING_MS) this.#drop();
      this.#head = page.head;
      this.hasRead(page.gap === undefined ? page.cursor : 0);
      return page;
    }, after);
  }

  /** Reports that the caller has read up to this cursor. */
  hasRead(cursor: number): void {
    this.#setState(cursor < this.#head ? 'catching_up' : 'live');
  }

  /** Whether the server was restored since the last page: cursors are those of another log. */
  isRestored({ generation = 0 }: { generation?: number }): boolean {
    const isOther = this.#generation !== undefined && this.#generation !== generation;
    this.#generation = generation;
    return isOther;
  }

  /** Retries work until it succeeds. With `after`, a new redemption includes the first page. */
  async attempt<T>(work: (share: ReadingHandle, first?: OpPage) => Promise<T>, after?: number): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        const first = this.#handle ? undefined : await this.#redeem(after);
        const result = await work(this.#handle!, first);
        this.#backoff.reset();
        this.#handleLost = false;
        return result;
      } catch (error) {
        this.#signal.throwIfAborted();
        this.#drop();
        await this.#wait(this.#delayAfter(error));
      }
    }
  }

  /** Calls once, over what is open now. Undefined without that, or when the call fails. */
  async once<T>(work: (share: ReadingHandle) => Promise<T> | undefined): Promise<T | undefined> {
    try {
      return this.#handle && (await work(this.#handle));
    } catch {
      return undefined;
    }
  }

  /** Retries now and tests an open connection; call it after sleep or when online. */
  retryNow(): void {
    if (this.#wake) this.#wake();
    else void this.#probe();
  }

  close(): void {
    this.#stop.abort();
    this.#drop();
  }

  #timed(share: ReadingHandle, after: number, waitMs = 20_000): Promise<OpPage> {
    const { marginMs = 10_000 } = this.options;
    const limits = waitMs > 0 ? this.#pushing : undefined;
    if (limits && share.subscribe) {
      if (this.#stream?.cursor !== after) {
        this.#stream?.close();
        this.#stream = share.subscribe(after, limits['credit_bytes'] ?? 1);
      }
      const stream = this.#stream!;
      return this.withDeadline((limits['wait_ms'] ?? 30_000) + marginMs, () => stream.next());
    }
    return this.withDeadline(waitMs + marginMs, (signal) => share.readOps({ after, wait_ms: waitMs }, { signal }));
  }

  /** Closes the connection when an answer is late; browsers cannot ping (WS-6). */
  async withDeadline<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const connection = this.#connection;
    const timer = setTimeout(() => connection?.close(), ms);
    try {
      return await call(this.#signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #probe(): Promise<void> {
    const share = this.#handle;
    if (!share) return;
    try {
      await this.withDeadline(PROBE_MS, (signal) => share.readOps({ after: Number.MAX_SAFE_INTEGER, limit: 1 },
        { signal }));
    } catch {
      // The pending read fails too and reconnects.
    }
  }

  /** Redeems over a WebSocket, or by plain requests where none gets through. */
  async #redeem(after: number | undefined): Promise<OpPage | undefined> {
    if (!this.#state) this.#setState('connecting');
    const { marginMs = 10_000 } = this.options;
    try {
      this.#connection = await this.#connect(marginMs);
      const page = await this.#redeemOver(this.#connection, after);
      this.#hadSocket = true;
      this.#setPolling(false);
      return page;
    } catch (error) {
      if (error instanceof ShareRpcError) this.#hadSocket = true;
      // A socket that worked gets another chance first.
      if (!(error instanceof Disconnected) || (this.#hadSocket && this.#backoff.failures < 2)) throw error;
      this.#drop();
      this.#signal.throwIfAborted();
      this.#connection = new PollingConnection(this.server, this.#grants);
      const page = await this.#redeemOver(this.#connection, after);
      this.#setPolling(true);
      return page;
    }
  }

  async #redeemOver(
    connection: Connection | PollingConnection, after: number | undefined,
  ): Promise<OpPage | undefined> {
    const { marginMs = 10_000, token } = this.options;
    const request = {
      token,
      ...(this.#passphrase !== undefined && { passphrase: this.#passphrase }),
      ...(after !== undefined && { read: { after } }),
    };
    const share = await this.withDeadline(3 * marginMs, () =>
      redeemLink<RedeemedForReading>(connection, request, this.#grants, this.options.onGrantEnded));
    if (this.options.shareId && share.shareId !== this.options.shareId)
      throw new ShareRpcError({ code: 'invalid_token', transient: false });
    // The grant replaces the passphrase until it ends.
    if (share.grant) this.#passphrase = undefined;
    this.#handle = share.handle;
    this.#pushing = share.features?.methods.includes('subscribe') ? share.limits : undefined;
    this.#head = share.cursor;
    this.options.onRedeemed?.(share);
    return share.page;
  }

  async #connect(ms: number): Promise<Connection> {
    const { WebSocket } = this.options;
    const opening = new AbortController();
    const abort = () => opening.abort();
    const timer = setTimeout(abort, ms);
    this.#signal.addEventListener('abort', abort);
    try {
      return await Connection.open(this.server, { ...(WebSocket && { WebSocket }), signal: opening.signal });
    } catch (error) {
      throw opening.signal.aborted ? new Disconnected('The server does not answer.') : error;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', abort);
    }
  }

  /** Returns the delay in milliseconds; throws final errors. */
  #delayAfter(error: unknown): number {
    if (error instanceof Disconnected) {
      this.#setState(this.#backoff.failures + 1 >= OFFLINE_AFTER ? 'offline' : 'reconnecting');
      return this.#backoff.next();
    }
    if (!(error instanceof ShareRpcError) || !this.#isWorthRepeating(error)) throw error;
    if (hasEnded(error)) this.options.onGrantEnded?.(error);
    this.options.onTrouble?.(error);
    this.#setState('reconnecting');
    return this.#backoff.next(error.retryAfterMs);
  }

  #isWorthRepeating(error: ShareRpcError): boolean {
    // A lost handle is redeemed again, once.
    if (error.code === 'method_not_found') return !this.#handleLost && (this.#handleLost = true);
    if (error.transient || error.action === 'redeem') return true;
    return error.code === 'invalid_token' && performance.now() - this.#openedAt < (this.options.patienceMs ?? 180_000);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', abort);
        this.#wake = undefined;
        settle();
      };
      const abort = end(() => reject(this.#signal.reason));
      const timer = setTimeout(end(resolve), ms);
      this.#wake = end(resolve);
      this.#signal.addEventListener('abort', abort);
    });
  }

  #setPolling(isPolling: boolean): void {
    if ((this.#pollingSince !== undefined) !== isPolling) this.options.onPolling?.(isPolling);
    this.#pollingSince = isPolling ? performance.now() : undefined;
  }

  #setState(state: FollowState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.options.onState?.(state);
  }

  #drop(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#connection?.close();
    this.#connection = undefined;
    this.#handle = undefined;
  }
}
