import type { RedeemedShare } from '@sharerpc/client';
import { html, nothing, render } from 'lit/html.js';
import {
  forgetToken, pastedLink, placeOf, plainAddress, rememberedToken, rememberSession, rememberToken, shareOfSession, type Place,
} from '../address.ts';
import { DocumentStore } from '../documents.ts';
import { finalOutcome, waitingOutcome, type Outcome } from './outcomes.ts';
import { renderOpening, renderOutcome, renderPassphrase } from './plain-page.ts';
import { Preferences } from './preferences.ts';
import { SessionPage } from './session-page.ts';
import { SessionSource } from './session-source.ts';

/** How long an opening may take before the page says that it takes long. */
const slowMs = 6000;

/** The page from the link to the end: it opens the share, shows it, and says what came of it when there is nothing to show. */
export class App {
  private readonly store = new DocumentStore();
  private readonly preferences = new Preferences(window.localStorage);
  private place: Place;
  private source: SessionSource | undefined;
  private session: SessionPage | undefined;
  private share: RedeemedShare | undefined;
  private outcome: Outcome | undefined;
  private trouble = '';
  private asksPassphrase = false;
  private passphrase: string | undefined;
  private hasEnded = false;
  private isSlow = false;
  private isScheduled = false;

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
      this.changed();
    }, slowMs);
    this.open();
  }

  /** Draws once a frame at most, however much has come. */
  private readonly changed = (): void => {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.draw();
    });
  };

  private open(): void {
    this.source?.stop();
    this.outcome = undefined;
    const { server, shareId } = this.place;
    const token = this.place.token ?? (shareId ? rememberedToken(window.sessionStorage, shareId) : undefined);
    if (token === undefined) {
      this.outcome = finalOutcome('no_token');
      this.changed();
      return;
    }
    this.source = new SessionSource(server, token, this.passphrase, this.store, {
      changed: () => {
        if (this.source?.state === 'live' || this.source?.state === 'catching_up') this.trouble = '';
        this.changed();
      },
      redeemed: (share) => this.redeemed(share, token),
      trouble: (code) => {
        this.trouble = code;
        this.changed();
      },
      ended: () => {
        this.hasEnded = true;
        this.session?.ended();
        this.changed();
      },
      refused: (code) => this.refused(code),
    });
    this.changed();
  }

  /** From here on the tab knows the token, and the address bar does not. */
  private redeemed(share: RedeemedShare, token: string): void {
    this.share = share;
    this.trouble = '';
    this.asksPassphrase = false;
    if (this.place.token === undefined && this.place.shareId === share.shareId) return;
    rememberToken(window.sessionStorage, share.shareId, token);
    this.place = { ...this.place, shareId: share.shareId, token: undefined };
    window.history.replaceState(null, '', plainAddress(this.place.server, share.shareId, this.place.message));
  }

  private refused(code: string): void {
    if (code === 'passphrase_required') {
      this.asksPassphrase = true;
    } else {
      this.outcome = finalOutcome(code);
      this.leave(code);
    }
    this.changed();
  }

  /** Nothing of a session that the reader may no longer see stays in the page. */
  private leave(code: string): void {
    this.session?.close();
    this.session = undefined;
    this.store.clear();
    document.title = this.outcome!.title;
    // A link that was never good is left in the address, to be looked at; one that is dead is not worth keeping.
    if (this.place.shareId && code !== 'internal') forgetToken(window.sessionStorage, this.place.shareId);
  }

  private addressChanged(): void {
    const place = placeOf(new URL(window.location.href));
    if (place.token !== undefined) {
      window.location.reload();
      return;
    }
    this.place = { ...this.place, message: place.message };
    if (place.message) this.session?.showMessage(place.message);
  }

  private readonly openLink = (text: string): boolean => {
    const url = pastedLink(text, this.place.server);
    if (!url) return false;
    const { shareId, token } = placeOf(url);
    if (shareId && token) {
      // Not by the address bar: it would be in the history.
      rememberToken(window.sessionStorage, shareId, token);
      window.location.assign(plainAddress(this.place.server, shareId));
      if (this.place.shareId === shareId) window.location.reload();
    } else {
      window.location.assign(url);
    }
    return true;
  };

  private draw(): void {
    if (this.outcome) {
      render(renderOutcome(this.outcome, this.openLink), this.root);
    } else if (this.asksPassphrase) {
      render(renderPassphrase(this.passphrase !== undefined, (passphrase) => {
        this.passphrase = passphrase.normalize('NFC');
        this.open();
      }), this.root);
    } else if (this.store.isEmpty && !this.hasEnded && this.source?.state !== 'live') {
      const waiting = waitingOutcome(this.trouble);
      render(waiting ? renderOutcome(waiting, this.openLink) : renderOpening(this.isSlow), this.root);
    } else {
      this.drawSession();
    }
  }

  private drawSession(): void {
    if (!this.session) {
      render(html`${nothing}`, this.root);
      this.session = new SessionPage(this.root, this.store, this.preferences, {
        changed: this.changed,
        permalink: (id) => plainAddress(this.place.server, this.place.shareId ?? '', id),
        sessionAddress: (id) => {
          const share = shareOfSession(window.sessionStorage, id);
          return share === undefined ? undefined : plainAddress(this.place.server, share);
        },
        shareId: () => this.place.shareId ?? '',
      });
      if (this.place.message) this.session.showMessage(this.place.message);
      if (this.hasEnded) this.session.ended();
    }
    const isSuspended = this.trouble === 'capability_suspended';
    const state = this.hasEnded ? 'ended' : isSuspended ? 'suspended' : this.source?.state ?? 'connecting';
    const sessionId = this.session.draw(state, this.share?.caveats);
    if (sessionId && this.place.shareId) rememberSession(window.sessionStorage, sessionId, this.place.shareId);
  }
}
