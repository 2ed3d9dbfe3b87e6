/** How long a revocation can be undone, in milliseconds. */
export const undoMs = 10_000;

/** So many calls are under way at once. */
const atOnce = 16;

/** What a revocation does to refs. */
export interface Revoking {
  suspend(capId: string): Promise<unknown>;
  resume(capId: string): Promise<unknown>;
  revoke(capId: string): Promise<unknown>;
}

/** A ref that is to be revoked. */
export interface Revoked {
  capId: string;
  /** It was suspended before: an undo leaves it so. */
  wasSuspended: boolean;
}

/**
 * Suspends refs at once, so that they open nothing, and revokes them for good when the time for an undo is over. If the
 * page closes before, they stay suspended.
 */
export class TakingBack {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting: readonly Revoked[] = [];
  private now: Promise<unknown> = Promise.resolve();

  /** `done`: called with how many were revoked, or with the error that stopped it. */
  constructor(private readonly session: Revoking, private readonly done: (count: number, error?: unknown) => void) {}

  /** How many wait for their revocation. */
  get count(): number {
    return this.waiting.length;
  }

  /** Takes back more refs; what waits already is revoked at once. */
  async start(refs: readonly Revoked[]): Promise<void> {
    if (this.waiting.length > 0) await this.finish();
    this.waiting = refs;
    const open = refs.filter(({ wasSuspended }) => !wasSuspended);
    const suspended = each(open, ({ capId }) => this.session.suspend(capId));
    this.now = suspended;
    await suspended;
    if (this.waiting === refs) this.timer = setTimeout(() => void this.finish(), undoMs);
  }

  async undo(): Promise<void> {
    clearTimeout(this.timer);
    const refs = this.waiting;
    this.waiting = [];
    await this.now;
    await each(refs.filter(({ wasSuspended }) => !wasSuspended), ({ capId }) => this.session.resume(capId));
  }

  private async finish(): Promise<void> {
    clearTimeout(this.timer);
    const refs = this.waiting;
    this.waiting = [];
    try {
      await each(refs, ({ capId }) => this.session.revoke(capId));
      this.done(refs.length);
    } catch (error) {
      this.done(0, error);
    }
  }
}

/** Works through items, some at once; ends with the first error, when those under way have ended. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, left.length) }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
