import { capIdOf, Disconnected, newId, type NewOp, type RedeemedForReading } from '@sharerpc/client';
import { html, nothing, render } from 'lit/html.js';
import { whyNoSocket } from '../../shared/no-socket.ts';
import { Kept } from '../../shared/kept.ts';
import { isLanding, pastedLink, placeOf, plainAddress, wholeLink, type Place, type Spot } from '../address.ts';
import { DocumentStore } from '../documents.ts';
import type { WholeLink } from './copying.ts';
import { Frames } from './frames.ts';
import { finalOutcome, waitingOutcome, type Outcome } from './outcomes.ts';
import { renderOpening, renderOutcome, renderPassphrase } from './plain-page.ts';
import { Preferences } from './preferences.ts';
import { Presence } from './presence.ts';
import { SessionPage } from './session-page.ts';
import { SessionSource } from './session-source.ts';
import { TabKeys } from './tab-keys.ts';

const slowMs = 6000;

/** Opens the link's share and shows its session, or the reason for none. */
export class App {
  private readonly preferences = new Preferences();
  private readonly tokens = new Kept(() => window.sessionStorage, 'sharerpc.token.');
  /** Maps sessions to this tab's shares, for links to subagents. */
  private readonly sessions = new Kept(() => window.sessionStorage, 'sharerpc.session.');
  /** Grants of counted or locked links, by cap id. */
  private readonly grants = new Kept(() => window.localStorage, 'sharerpc.grant.');
  private readonly tabs = new TabKeys((shareId) => this.tokens.get(shareId));
  private store = new DocumentStore();
  private place: Place;
  private source: SessionSource | undefined;
  private session: SessionPage | undefined;
  private share: RedeemedForReading | undefined;
  private outcome: Outcome | undefined;
  private trouble = '';
  private asksPassphrase = false;
  private passphrase: string | undefined;
  private hasGrantEnded = false;
  private hasEnded = false;
  private isSlow = false;
  /** Why plain requests replace a WebSocket. */
  private noSocket: string | undefined;
  private readonly frames = new Frames(() => this.draw());
  private readonly changed = this.frames.changed;
  private readonly presence = new Presence(() => {
    const { handle, rights = [] } = this.share ?? {};
    return rights.includes('presence') ? handle?.listPresence?.() : undefined;
  }, () => this.changed());

  constructor(private readonly root: HTMLElement) {
    this.place = placeOf(new URL(window.location.href));
    this.preferences.applyTheme();
    window.addEventListener('hashchange', () => this.addressChanged());
    window.addEventListener('online', () => this.source?.retryNow());
    window.addEventListener('pageshow', () => this.source?.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      this.source?.retryNow();
      this.changed();
    });
    setTimeout(() => {
      this.isSlow = true;
      if (this.store.isEmpty && this.share === undefined) void this.explainPolling(true);
      this.changed();
    }, slowMs);
    this.open();
  }

  private open(): void {
    this.source?.stop();
    this.outcome = undefined;
    const { server, shareId } = this.place;
    const token = this.place.token ?? (shareId ? this.tokens.get(shareId) : undefined);
    if (token === undefined) {
      void this.askOtherTabs();
      return;
    }
    const { passphrase, grants } = this;
    this.source = new SessionSource(server, { token, ...(passphrase !== undefined && { passphrase }), grants },
      this.store, {
      changed: () => {
        if (this.source?.state === 'live' || this.source?.state === 'catching_up') this.trouble = '';
        this.frames.received();
      },
      redeemed: (share) => this.redeemed(share, token),
      trouble: (code) => {
        this.trouble = code;
        this.changed();
      },
      polling: (isPolling) => void this.explainPolling(isPolling),
      grantEnded: () => (this.hasGrantEnded = true),
      ended: () => {
        this.hasEnded = true;
        this.session?.ended();
        this.changed();
      },
      refused: (code) => this.refused(code),
    });
    this.changed();
  }

  private async explainPolling(isPolling: boolean): Promise<void> {
    this.noSocket = isPolling ? await whyNoSocket(this.place.server) : undefined;
    this.changed();
  }

  /** Opens a permalink with the key that another tab of this browser has. */
  private async askOtherTabs(): Promise<void> {
    const { place } = this;
    // A damaged token fails its checksum.
    const isCut = window.location.href.includes('srpc_');
    const token = place.shareId && !isCut ? await this.tabs.ask(place.shareId) : undefined;
    if (this.place !== place) return;
    if (token === undefined) {
      const isRoot = isLanding(new URL(window.location.href)) && !isCut;
      this.outcome = finalOutcome(isCut ? 'invalid_token' : isRoot ? 'landing' : 'no_token');
      this.changed();
    } else {
      this.place = { ...place, token };
      this.open();
    }
  }

  /** Keeps the token for the tab, not in the address bar. */
  private redeemed(share: RedeemedForReading, token: string): void {
    this.share = share;
    void this.presence.ask();
    this.trouble = '';
    this.asksPassphrase = false;
    this.passphrase = undefined;
    this.hasGrantEnded = false;
    if (this.place.token === undefined && this.place.shareId === share.shareId) return;
    this.tokens.set(share.shareId, token);
    this.place = { ...this.place, shareId: share.shareId, token: undefined };
    window.history.replaceState(null, '', plainAddress(this.place.server, share.shareId, this.place));
  }

  private refused(code: string): void {
    this.forgetSession();
    this.asksPassphrase = code === 'passphrase_required';
    if (!this.asksPassphrase) {
      this.outcome = finalOutcome(this.hasGrantEnded && code === 'capability_used_up' ? 'grant_ended' : code);
      document.title = this.outcome.title;
      // Drops a dead link's token; a never valid link stays in the address.
      if (this.place.shareId && code !== 'internal') this.tokens.delete(this.place.shareId);
    }
    this.changed();
  }

  private forgetSession(): void {
    this.session?.close();
    this.session = undefined;
    this.store = new DocumentStore();
    this.hasEnded = false;
  }

  private addressChanged(): void {
    const place = placeOf(new URL(window.location.href));
    if (place.token !== undefined) {
      window.location.reload();
      return;
    }
    this.place = { ...this.place, message: place.message, line: place.line };
    if (place.message ?? place.line) this.session?.go(place);
  }

  /** Keeps the token out of address bar and history. */
  private readonly openLink = (text: string): boolean => {
    const place = pastedLink(text, this.place.server);
    if (!place) return false;
    this.forgetSession();
    this.place = place;
    this.trouble = '';
    this.open();
    return true;
  };

  private draw(): void {
    if (this.outcome) {
      render(renderOutcome(this.outcome, this.openLink), this.root);
    } else if (this.asksPassphrase) {
      const why = this.passphrase !== undefined ? 'wrong' : this.hasGrantEnded ? 'ended' : 'first';
      render(renderPassphrase(why, (passphrase) => {
        this.passphrase = passphrase.normalize('NFC');
        this.open();
      }), this.root);
    } else if (this.store.isEmpty && !this.hasEnded && this.source?.state !== 'live') {
      const waiting = waitingOutcome(this.trouble);
      render(waiting ? renderOutcome(waiting, this.openLink) : renderOpening(this.isSlow, this.noSocket), this.root);
    } else {
      this.drawSession();
    }
  }

  /** Returns the link with its key, and whether others need more than it. */
  private wholeLink(spot: Partial<Spot>): WholeLink | undefined {
    const { server, shareId = '' } = this.place;
    const token = this.tokens.get(shareId);
    if (token === undefined) return undefined;
    // Each holder of a link that may comment has a grant, too.
    const isLimited = this.grants.get(capIdOf(token) ?? '') !== undefined
      && !(this.share?.rights.includes('comment') ?? false);
    return { address: wholeLink(server, shareId, token, spot), isLimited };
  }

  /** Sends an op by the connection of the page; again by the next one, which its id makes harmless. */
  private async append(op: NewOp): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { handle } = this.share ?? {};
        if (!handle) throw new Disconnected('There is no connection.');
        const ack = await handle.appendOps({ batch_id: newId(), ops: [op] });
        return ack.rejected[0]?.code;
      } catch (error) {
        if (!(error instanceof Disconnected) || attempt === 4) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * 1000));
      }
    }
  }

  private drawSession(): void {
    if (!this.session) {
      render(html`${nothing}`, this.root);
      this.session = new SessionPage(this.root, this.store, this.preferences, {
        changed: this.changed,
        permalink: (spot) => plainAddress(this.place.server, this.place.shareId ?? '', spot),
        link: (spot) => this.wholeLink(spot),
        sessionAddress: (id) => {
          const share = this.sessions.get(id);
          return share === undefined ? undefined : plainAddress(this.place.server, share);
        },
        shareId: () => this.place.shareId ?? '',
        countOnServer: async (query) => this.source?.countOnServer(query),
        append: (op) => this.append(op),
        reader: () => this.share && {
          capId: this.share.capId, mayComment: this.share.rights.includes('comment'),
          isOwner: (['append', 'revoke', 'end'] as const).every((right) => this.share!.rights.includes(right)),
        },
        present: () => this.presence.names,
      });
      if (this.place.message ?? this.place.line) this.session.go(this.place);
      if (this.hasEnded) this.session.ended();
    }
    const isSuspended = this.trouble === 'capability_suspended';
    const followed = this.source?.state ?? 'connecting';
    const reads = followed === 'live' && !this.source?.isWriting ? 'idle' : followed;
    const state = this.hasEnded ? 'ended' : isSuspended ? 'suspended' : reads;
    const sessionId = this.session.draw(
      state, { ...this.share?.caveats, kept_until_ms: this.share?.keptUntilMs }, this.noSocket);
    if (sessionId && this.place.shareId) this.sessions.set(sessionId, this.place.shareId);
  }
}
