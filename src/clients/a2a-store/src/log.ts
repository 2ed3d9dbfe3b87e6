import {
  Disconnected, ShareRpcError, foldOp, newId, newOpId, type Doc, type Json, type NewOp,
  type Op, type RedeemedShare, type Verb,
} from '@sharerpc/client';
import type { Connections } from './connections.js';
import type { ShareAddress } from './keys.js';

export type Documents = Map<string, Doc>;

export interface Change {
  verb: Verb;
  kind: string;
  key: string;
  data?: Json;
}

/** The share has gone on since the cursor that was expected. Nothing was appended. */
export class CursorMoved extends Error {}

/** What was appended may have been applied: the server did not answer in time. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

export function docKey(kind: string, key: string): string {
  return `${kind}\n${key}`;
}

/**
 * A share and its documents as this process knows them. Appends go through a writer of this process, so that one whose
 * answer was lost is sent again and answered as before, whatever was appended since.
 */
export class LogShare {
  readonly docs: Documents = new Map();
  cursor = 0;
  #generation = 0;
  #redeemed: Promise<RedeemedShare> | undefined;
  #writerId = newId();
  #nextSeq: number | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly connections: Connections,
    readonly address: ShareAddress,
  ) {}

  /** Runs work when no other work on this share runs. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Reads what was appended since; inside `exclusive`. */
  async sync(): Promise<void> {
    for (;;) {
      const page = await this.#call((share) => share.handle.readOps({ after: this.cursor }));
      if (page.gap !== undefined || (page.generation ?? 0) !== this.#generation) {
        await this.#reload();
        this.#generation = page.generation ?? 0; // after the state, whose read may fail
        continue;
      }
      for (const op of page.ops) this.#fold(op);
      if (this.cursor >= page.head) return;
    }
  }

  /**
   * Appends all changes or none; inside `exclusive`. Throws `CursorMoved` when the share is not at the cursor that is
   * expected, if one is.
   */
  async append(changes: Change[], expectedCursor?: number): Promise<void> {
    await this.#call(async () => {}); // redeems, so that the writer's next seq is known
    const first = this.#nextSeq!;
    const ops: NewOp[] = changes.map((change, at) => ({ op_id: newOpId(), seq: first + at, ...change }));
    const expected = expectedCursor === undefined ? {} : { expected_cursor: expectedCursor };
    const batch = { batch_id: newOpId(), ops, atomic: true, ...expected };
    try {
      const ack = await this.#call((share) => share.handle.appendOps(batch));
      this.#nextSeq = first + ops.length;
      if (ack.rejected.length > 0) {
        throw new ShareRpcError({ code: ack.rejected[0]!.code, transient: false, hint: ack.rejected[0]!.message });
      }
      const cursors = new Map(ack.applied.map((op) => [op.op_id, op.cursor]));
      const isNext = ops.every((op, at) => cursors.get(op.op_id) === this.cursor + at + 1);
      if (!isNext) return await this.sync();
      for (const op of ops) {
        this.#fold({ ...op, cursor: this.cursor + 1, actor: '', time_ms: 0, schema_version: 1 } as never);
      }
    } catch (error) {
      if (error instanceof ShareRpcError && error.code === 'cursor_mismatch') throw new CursorMoved();
      const isUnknown = error instanceof Disconnected || (error instanceof ShareRpcError && error.transient);
      if (!isUnknown) throw error;
      // Its seqs may be used: what comes next is another writer's.
      this.#writerId = newId();
      this.#nextSeq = undefined;
      this.#drop();
      throw new OutcomeUnknown('The server did not answer: the change may have been saved.');
    }
  }

  dispose(): void {
    const redeemed = this.#redeemed;
    this.#redeemed = undefined;
    void redeemed?.then((share) => share.handle.dispose(), () => {});
  }

  #call<T>(call: (share: RedeemedShare) => Promise<T>): Promise<T> {
    return this.connections.retrying(async () => {
      const share = await (this.#redeemed ??= this.#redeem());
      return this.connections.counted(() => call(share));
    }, () => this.#drop());
  }

  async #redeem(): Promise<RedeemedShare> {
    try {
      const share = await this.connections.redeem(this.address.token, this.#writerId);
      // A batch that waits for its answer keeps its seqs.
      this.#nextSeq ??= (share.writer?.acked_seq ?? 0) + 1;
      return share;
    } catch (error) {
      this.#redeemed = undefined;
      throw error;
    }
  }

  #drop(): void {
    this.#redeemed = undefined;
  }

  async #reload(): Promise<void> {
    this.docs.clear();
    let cursor: number | undefined;
    for (let after: { kind: string; key: string } | undefined, more = true; more; more = after !== undefined) {
      const page = await this.#call((share) => share.handle.getState(after ? { after_key: after } : {}));
      cursor ??= page.cursor;
      for (const doc of page.docs) this.docs.set(docKey(doc.kind, doc.key), doc);
      after = page.next_key;
    }
    this.cursor = cursor!;
  }

  #fold(op: Op): void {
    fold(this.docs, op);
    this.cursor = op.cursor;
  }
}

/** Applies an op to documents. */
export function fold(docs: Documents, op: Op): void {
  if (op.hidden) return;
  const key = docKey(op.kind, op.key);
  const doc = foldOp(docs.get(key), op);
  if (doc) docs.set(key, doc);
  else docs.delete(key);
}
