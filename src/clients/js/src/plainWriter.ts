import { newId } from './ids.js';
import { Disconnected, ShareRpcError } from './errors.js';
import { ResumingShare, type FollowOptions } from './resuming.js';
import type { Ack, Limits, NewOp } from './wire.js';

export interface PlainWriterOptions extends Omit<FollowOptions, 'after' | 'kinds' | 'waitMs'> {
  /** The server was restored: ops that it acknowledged since its backup may be missing; appending again is harmless. */
  onRestored?(): void;
}

export interface Expectation {
  /** The head at which the ops must meet the share; else `cursor_mismatch`, and nothing is applied. */
  expectedCursor?: number;
  /** All ops are applied or none. */
  atomic?: boolean;
}

export interface AppendOutcome {
  op_id: string;
  outcome: 'applied' | 'duplicate' | 'rejected';
  cursor?: number;
  code?: string;
}

/** Closes with these codes, on one batch, after which it is split, and a single op rejected. */
const REFUSED_FRAMES = 2;
const REFUSALS = [1007, 1009];

/**
 * Appends without an outbox: one batch at a time, resent until it is answered; op ids make that harmless (APPLY-27).
 * It keeps nothing on disk: after a crash the caller appends the same ops again. For one caller at a time.
 */
export class PlainWriter {
  readonly #share: ResumingShare;
  #limits: Limits = {};

  constructor(server: string, options: PlainWriterOptions) {
    this.#share = new ResumingShare(server, {
      ...options,
      onRedeemed: (share) => {
        this.#limits = share.limits;
        if (this.#share.isRestored(share)) options.onRestored?.();
        options.onRedeemed?.(share);
      },
    });
  }

  /** Appends ops of any number; those that expect something must fit one batch. Throws a final `ShareRpcError`. */
  async append(ops: NewOp[], expectation: Expectation = {}): Promise<AppendOutcome[]> {
    const { expectedCursor, atomic } = expectation;
    const isWhole = expectedCursor !== undefined || atomic === true;
    const outcomes: AppendOutcome[] = [];
    let left = ops;
    let most = ops.length;
    while (left.length > 0) {
      const first = isWhole ? left : () => firstBatch(left.slice(0, most), this.#limits);
      const guards = {
        ...(expectedCursor !== undefined && { expected_cursor: expectedCursor }),
        ...(atomic !== undefined && { atomic }),
      };
      const { batch, ack, error } = await this.#send(first, guards, isWhole);
      if (error && batch.length > 1 && !isWhole) {
        most = batch.length >> 1;
        continue;
      }
      if (error && isWhole) throw error;
      outcomes.push(...(error ? batch.map(({ op_id }) => rejected(op_id, error.code)) : outcomesOf(ack!)));
      left = left.slice(batch.length);
    }
    return outcomes;
  }

  close(): void {
    this.#share.close();
  }

  /** Sends a batch until it is answered, or refused as it is. */
  async #send(
    take: NewOp[] | (() => NewOp[]), guards: object, isWhole: boolean,
  ): Promise<{ batch: NewOp[]; ack?: Ack; error?: ShareRpcError }> {
    let closes = 0;
    let batch: NewOp[] | undefined;
    const batch_id = newId();
    return this.#share.attempt(async (handle) => {
      batch ??= typeof take === 'function' ? take() : take;
      try {
        const ack = await handle.appendOps({ batch_id, ops: batch, ...guards });
        return { batch, ack };
      } catch (error) {
        if (error instanceof ShareRpcError && isRefusal(error, isWhole)) return { batch, error };
        if (error instanceof Disconnected && REFUSALS.includes(error.closeCode ?? 0) && ++closes >= REFUSED_FRAMES)
          return { batch, error: new ShareRpcError({ code: 'too_large', transient: false, action: 'split' }) };
        throw error;
      }
    });
  }
}

/** Whether the batch itself is refused; anything else is the share's, which tries again or gives up. */
function isRefusal(error: ShareRpcError, isWhole: boolean): boolean {
  return error.action === 'split' || error.action === 'park' || (isWhole && error.action === 'ask');
}

/** The first ops that fit a batch; a larger one is a batch of its own. */
function firstBatch(ops: NewOp[], limits: Limits): NewOp[] {
  const batch: NewOp[] = [];
  let bytes = 0;
  for (const op of ops.slice(0, limits['batch_ops'] ?? 1_000)) {
    bytes += JSON.stringify(op).length * 3; // at most three bytes per UTF-16 unit
    if (batch.length > 0 && bytes > (limits['batch_bytes'] ?? 1_048_576)) break;
    batch.push(op);
  }
  return batch;
}

function rejected(op_id: string, code: string): AppendOutcome {
  return { op_id, outcome: 'rejected', code };
}

function outcomesOf(ack: Ack): AppendOutcome[] {
  return [
    ...ack.applied.map(({ op_id, cursor }) => ({ op_id, cursor, outcome: 'applied' as const })),
    ...ack.duplicates.map(({ op_id, cursor }) => ({ op_id, cursor, outcome: 'duplicate' as const })),
    ...ack.rejected.map(({ op_id, code }) => rejected(op_id, code)),
  ];
}
