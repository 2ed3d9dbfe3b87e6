import {
  ShareFollower, type FollowOptions, type FollowState, type RedeemedForReading, type ShareRpcError,
} from '@sharerpc/client';
import type { DocumentStore } from '../documents.ts';

export interface SourceEvents {
  changed(): void;
  redeemed(share: RedeemedForReading): void;
  /** Retried. */
  trouble(code: string): void;
  /** The grant ended; the link is redeemed again. */
  grantEnded(): void;
  /** Plain requests replace a WebSocket that does not get through, or no longer do. */
  polling(isPolling: boolean): void;
  ended(): void;
  /** Final. */
  refused(code: string): void;
}

/** Fills the documents: state first, then changes (STATE-3). */
export class SessionSource {
  private readonly follower: ShareFollower;
  private relisted: Set<string> | undefined;
  private relistedUpTo = 0;
  /** Whether the share's writer is here. */
  isWriting = false;

  constructor(
    server: string, link: Pick<FollowOptions, 'token' | 'passphrase' | 'grants'>, store: DocumentStore,
      events: SourceEvents,
  ) {
    this.follower = new ShareFollower(server, {
      ...link,
      onState: () => events.changed(),
      onRedeemed: (share) => events.redeemed(share),
      onPolling: (isPolling) => events.polling(isPolling),
      onGrantEnded: () => events.grantEnded(),
      onTrouble: (error: ShareRpcError) => events.trouble(error.code),
      onWriting: (isWriting) => {
        if (this.isWriting === isWriting) return;
        this.isWriting = isWriting;
        events.changed();
      },
      onGap: (isRestored) => {
        if (isRestored) store.clear();
        this.relisted = new Set();
        this.relistedUpTo = 0;
      },
      onDocs: (docs, cursor) => {
        for (const doc of docs) this.relisted?.add(`${doc.kind} ${doc.key}`);
        this.relistedUpTo ||= cursor;
        store.putDocs(docs, cursor);
        events.changed();
      },
      onReady: () => {
        if (this.relisted) store.keepOnly(this.relisted, this.relistedUpTo);
        this.relisted = undefined;
        events.changed();
      },
      onOps: (ops, cursor) => {
        store.applyOps(ops, cursor);
        events.changed();
      },
      onEnd: (reason) => {
        if (reason === 'ended') events.ended();
        else events.refused(reason.code);
      },
    });
    this.follower.start();
  }

  get state(): FollowState {
    return this.follower.state;
  }

  /** Returns how many places on the server have these words, 100 at most; undefined where it does not tell. */
  async countOnServer(query: string): Promise<number | undefined> {
    return (await this.follower.search({ query, limit: 100 }))?.hits.length;
  }

  stop(): void {
    this.follower.stop();
  }

  retryNow(): void {
    this.follower.retryNow();
  }
}
