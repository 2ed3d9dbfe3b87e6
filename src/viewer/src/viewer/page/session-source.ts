import { ShareFollower, type FollowState, type RedeemedShare, type ShareRpcError } from '@sharerpc/client';
import type { DocumentStore } from '../documents.ts';

export interface SourceEvents {
  /** Documents changed, or the state of the connection. */
  changed(): void;
  redeemed(share: RedeemedShare): void;
  /** Refused, and tried again. */
  trouble(code: string): void;
  ended(): void;
  /** Refused for good. */
  refused(code: string): void;
}

/** Fills the documents from a share, and goes on for as long as the link is good: state first, then changes (STATE-3). */
export class SessionSource {
  private readonly follower: ShareFollower;
  private relisted: Set<string> | undefined;
  private relistedUpTo = 0;
  state: FollowState = 'connecting';

  constructor(server: string, token: string, passphrase: string | undefined, store: DocumentStore, events: SourceEvents) {
    this.follower = new ShareFollower(server, {
      token,
      ...(passphrase === undefined ? {} : { passphrase }),
      onState: (state) => {
        this.state = state;
        if (state === 'live') this.endRelisting(store);
        events.changed();
      },
      onRedeemed: (share) => events.redeemed(share),
      onTrouble: (error: ShareRpcError) => events.trouble(error.code),
      onGap: () => {
        this.relisted = new Set();
        this.relistedUpTo = 0;
      },
      onDocs: (docs, cursor) => {
        if (this.state === 'connecting') this.state = 'catching_up';
        for (const doc of docs) this.relisted?.add(`${doc.kind} ${doc.key}`);
        this.relistedUpTo ||= cursor;
        store.putDocs(docs, cursor);
        events.changed();
      },
      // Everything that there was is here, and the next read only waits.
      onReady: () => {
        if (this.state === 'catching_up') this.state = 'live';
        events.changed();
      },
      onOps: (ops, cursor) => {
        this.endRelisting(store);
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

  stop(): void {
    this.follower.stop();
  }

  retryNow(): void {
    this.follower.retryNow();
  }

  private endRelisting(store: DocumentStore): void {
    if (this.relisted) store.keepOnly(this.relisted, this.relistedUpTo);
    this.relisted = undefined;
  }
}
