import {
  Connection, Disconnected, ShareRpcError, tokenDigest, type RedeemedShare, type RootHandle,
} from '@sharerpc/client';
import type { ShareAddress } from './keys.js';
import type { A2aStoreOptions } from './options.js';

/** A connection makes at most 1,000 handles in its life (`handles_ever`), and has 64 calls in flight. */
const MOST_HANDLES = 900;
const MOST_CALLS = 48;
/** How long a connection that makes no more handles serves those that it made. */
const FINISH_MS = 30_000;
const FIRST_RETRY_MS = 20;
const MOST_RETRY_MS = 1_000;

/** The connections of a store to its server: one in use, made anew when it is lost or has made enough handles. */
export class Connections {
  #current: Promise<{ connection: Connection; root: RootHandle }> | undefined;
  #made = 0;
  #calls = 0;
  #isClosed = false;
  readonly #waiting: (() => void)[] = [];
  readonly #all = new Set<Connection>();

  constructor(readonly options: A2aStoreOptions) {}

  /** Makes a share, unless it is there. */
  async create(address: ShareAddress, label: string): Promise<void> {
    const request = {
      share_id: address.shareId, cap_id: address.capId, token_digest: tokenDigest(address.token), label,
    };
    await this.retrying(async () => {
      const { root } = await this.#open();
      return this.counted(() => root.createShare(request));
    });
  }

  async redeem(token: string, writerId: string): Promise<RedeemedShare> {
    const { connection } = await this.#open();
    if (++this.#made >= MOST_HANDLES) this.#retire(connection);
    return this.counted(() => connection.redeemShare({ token, writer_id: writerId }));
  }

  /** Runs a call when there is a place for it. */
  async counted<T>(call: () => Promise<T>): Promise<T> {
    while (this.#calls >= MOST_CALLS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#calls++;
    try {
      return await call();
    } finally {
      this.#calls--;
      this.#waiting.shift()?.();
    }
  }

  /** Repeats work that may be repeated while the server cannot be reached or refuses for now. */
  async retrying<T>(work: () => Promise<T>, lost: () => void = () => {}): Promise<T> {
    const end = performance.now() + (this.options.patienceMs ?? 30_000);
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, MOST_RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        const isLost = error instanceof Disconnected;
        const isRefused = error instanceof ShareRpcError && (error.transient || error.code === 'method_not_found');
        if (!(isLost || isRefused) || this.#isClosed || performance.now() > end) throw error;
        lost();
        const pause = (error instanceof ShareRpcError && error.retryAfterMs) || wait * (0.5 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.close();
  }

  #open(): Promise<{ connection: Connection; root: RootHandle }> {
    if (this.#isClosed) throw new Error('The store is closed.');
    return (this.#current ??= this.#connect());
  }

  async #connect(): Promise<{ connection: Connection; root: RootHandle }> {
    this.#made = 1;
    const { server, token, WebSocket } = this.options;
    let connection: Connection | undefined;
    try {
      connection = await Connection.open(server, WebSocket ? { WebSocket } : {});
      this.#all.add(connection);
      const opened = connection;
      void connection.closed.then(() => {
        this.#all.delete(opened);
        void this.#current?.then((one) => one.connection === opened && (this.#current = undefined), () => {});
      });
      return { connection, root: (await connection.redeemRoot({ token })).handle };
    } catch (error) {
      connection?.close();
      this.#current = undefined;
      throw error;
    }
  }

  #retire(connection: Connection): void {
    this.#current = undefined;
    setTimeout(() => connection.close(), FINISH_MS).unref();
  }
}
