import type { ServerCallContext } from '@a2a-js/sdk/server';
import { resolveUserScope } from '@a2a-js/sdk/server';
import { Connections } from './connections.js';
import { Keys, type Scope, type ShareAddress } from './keys.js';
import { LogShare } from './log.js';
import type { A2aStoreOptions } from './options.js';

/** Shares that are kept open; the one that was not used for longest is closed. */
const MOST_OPEN = 256;

/** The shares of an agent, as far as this process has them open. */
export class Shares {
  readonly keys: Keys;
  readonly #connections: Connections;
  readonly #open = new Map<string, LogShare>();
  readonly #made = new Map<string, Promise<void>>();

  constructor(readonly options: A2aStoreOptions) {
    this.keys = new Keys(options.key);
    this.#connections = new Connections(options);
  }

  scopeOf(context: ServerCallContext): Scope {
    const owner = (this.options.ownerResolver ?? resolveUserScope)(context);
    return { tenant: context.tenant ?? '', owner };
  }

  /** Returns a share, which may not be on the server yet. */
  open(address: ShareAddress): LogShare {
    const share = this.#open.get(address.shareId) ?? new LogShare(this.#connections, address);
    this.#open.delete(address.shareId);
    this.#open.set(address.shareId, share); // the one used last is last
    if (this.#open.size > MOST_OPEN) {
      const [oldest] = this.#open.keys();
      this.#open.get(oldest!)!.dispose();
      this.#open.delete(oldest!);
    }
    return share;
  }

  /** Returns a share that is on the server. */
  async ensure(address: ShareAddress, label: string): Promise<LogShare> {
    let made = this.#made.get(address.shareId);
    if (!made) {
      made = this.#connections.create(address, label);
      this.#made.set(address.shareId, made);
      made.catch(() => this.#made.delete(address.shareId));
      if (this.#made.size > 16 * MOST_OPEN) this.#made.delete(this.#made.keys().next().value!);
    }
    await made;
    return this.open(address);
  }

  close(): void {
    this.#connections.close();
    this.#open.clear();
  }
}
