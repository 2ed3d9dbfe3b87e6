import { ShareRpcError } from './errors.js';
import { checkOrder, ofKinds } from './follow.js';
import { ResumingShare, type FollowOptions, type FollowState } from './resuming.js';
import type { Doc, DocKey, Op, SearchPage, SearchRequest } from './wire.js';

const ANSWER_MS = 30_000;

export interface FollowerOptions extends FollowOptions {
  /** A page of documents, by kind and key; each includes the log up to `cursor`. */
  onDocs(docs: Doc[], cursor: number): void;
  /** Ops in order. Skip ops that a document already includes (STATE-3), as `foldOp` does. */
  onOps(ops: Op[], cursor: number): void;
  /** Whether a writer is here: connected, or it has just appended. Called with each page that is read. */
  onWriting?(isWriting: boolean): void;
  /** All documents are sent: at first, and again after each gap. */
  onReady?(): void;
  /** The log has a gap, or is another since a restore: all documents are sent again; others no longer exist. */
  onGap?(isRestored: boolean): void;
  /** Called once: `ended` after an ended share is read, else the refusal. */
  onEnd(reason: 'ended' | ShareRpcError): void;
}

/** Reads a share's state, then changes. Callbacks run one at a time, none after `stop`. */
export class ShareFollower {
  #share: ResumingShare | undefined;

  constructor(
    private readonly server: string,
    private readonly options: FollowerOptions,
  ) {}

  get state(): FollowState {
    return this.#share?.state ?? 'connecting';
  }

  start(): void {
    if (this.#share) return;
    const share = (this.#share = new ResumingShare(this.server, this.options));
    void this.#run(share).then(
      () => this.#end(share, 'ended'),
      (error: unknown) => {
        if (error instanceof ShareRpcError) this.#end(share, error);
        else if (this.#share === share && !this.options.signal?.aborted) this.#fail(share, error);
      },
    );
  }

  /** Stops reading; `start` begins with the state again. */
  stop(): void {
    this.#share?.close();
    this.#share = undefined;
  }

  /** Searches on the server; undefined where that cannot be done now. */
  async search(request: SearchRequest): Promise<SearchPage | undefined> {
    return this.#share?.once((handle) => handle.search?.(request));
  }

  /** Ends a retry delay; call it on the browser's `online` and `visibilitychange` events. */
  retryNow(): void {
    this.#share?.retryNow();
  }

  async #run(share: ResumingShare): Promise<void> {
    let after = this.options.after ?? (await this.#readState(share));
    for (let isAtOnce = this.options.onWriting !== undefined; ; isAtOnce = false) {
      const page = await share.read(after, isAtOnce);
      if (this.#share !== share) return;
      this.options.onWriting?.(page.writing === true);
      if (page.gap !== undefined) {
        this.options.onGap?.(page.restored === true);
        after = await this.#readState(share);
        continue;
      }
      checkOrder(page, after);
      after = page.cursor;
      if (page.ops.length > 0) this.options.onOps(ofKinds(page, this.options.kinds).ops, after);
      if (page.ended && after >= page.head) return;
    }
  }

  /** Returns the first page's cursor, where ops continue (STATE-3). */
  async #readState(share: ResumingShare): Promise<number> {
    const { kinds } = this.options;
    let cursor: number | undefined;
    let next: DocKey | undefined;
    do {
      const request = { ...(kinds && { kinds }), ...(next && { after_key: next }) };
      const page = await share.attempt((handle) => share.withDeadline(ANSWER_MS, (signal) => handle.getState(request,
        { signal })));
      if (this.#share !== share) return cursor ?? page.cursor;
      if (share.isRestored(page) && cursor !== undefined) {
        this.options.onGap?.(true);
        return this.#readState(share);
      }
      cursor ??= page.cursor;
      this.options.onDocs(page.docs, cursor);
      next = page.next_key;
      share.hasRead(next ? 0 : cursor);
    } while (next);
    this.options.onReady?.();
    return cursor;
  }

  #end(share: ResumingShare, reason: 'ended' | ShareRpcError): void {
    if (this.#share !== share) return;
    this.stop();
    this.options.onEnd(reason);
  }

  /** Ends after a callback's error or a protocol violation; rethrows it to the console. */
  #fail(share: ResumingShare, error: unknown): void {
    this.#end(share, new ShareRpcError({ code: 'internal', transient: false,
      hint: 'The page failed; load it again.' }));
    throw error;
  }
}
