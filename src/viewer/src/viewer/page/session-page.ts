import { html, nothing, render } from 'lit/html.js';
import { icon } from '../parts/icons.ts';
import { MarkdownCache } from '../parts/markdown-cache.ts';
import { estimateRow, renderRow, type EndNote } from '../parts/row.ts';
import { isEdit } from '../parts/tool.ts';
import type { View } from '../parts/view.ts';
import { count } from '../../shared/format.ts';
import type { FileDiff } from '../diff/file-diff.ts';
import type { DocumentStore } from '../documents.ts';
import { outlineOf, type OutlineEntry } from '../session/outline.ts';
import { buildRows, isUndoneRow, type Row, type SessionRows } from '../session/rows.ts';
import { compareSteps, sessionDiffs, sessionInfo, todosOf, type SessionInfo, type Todo } from '../session/summary.ts';
import type { Steps } from '../text/slices.ts';
import { oneLine } from '../text/visible.ts';
import { limitsOf, renderSide, renderTop, type Status } from './chrome.ts';
import { markFound } from './finder.ts';
import { renderHelp } from './help.ts';
import { actionOf, type KeyAction } from './keys.ts';
import { LinkCopy, type WholeLink } from './link-copy.ts';
import type { Preferences } from './preferences.ts';
import { PageWork } from './page-work.ts';
import { saveSession } from './save.ts';
import { Search, type Searched } from './search.ts';
import { VirtualList } from './virtual-list.ts';

export interface SessionPlaces {
  changed(): void;
  permalink(messageId: string): string;
  link(messageId?: string): WholeLink | undefined;
  sessionAddress(sessionId: string): string | undefined;
  shareId(): string;
}

/** Above this, rows are rebuilt at most every `rebuildMs` ms. */
const manyParts = 2000;
const rebuildMs = 150;
const scrollKeys = new Set(['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End', ' ']);

export class SessionPage implements View, Searched {
  rows: SessionRows = { rows: [], turns: [], indexOf: new Map() };
  private outline: readonly OutlineEntry[] = [];
  private readonly opened = new Map<string, boolean>();
  private readonly markdowns = new MarkdownCache();
  private list: VirtualList | undefined;
  private info: SessionInfo;
  private todos: readonly Todo[];
  private diffs: readonly FileDiff[] = [];
  private readonly search = new Search(this);
  private readonly narrow = window.matchMedia('(max-width: 860px)');
  private isOutlineOpen = !this.narrow.matches;
  private isHelpOpen = false;
  private drawn: [Status, unknown, string?] = ['connecting', undefined];
  private hasMoved = false;
  private wantedMessage: string | undefined;
  /** The marked jump target; the next jump starts there. */
  private target: string | undefined;
  private readonly linkCopy = new LinkCopy(() => this.places.changed());
  private end: EndNote = 'none';
  private rowsSeen = 0;
  private isEndInSight = true;
  private builtAt = -rebuildMs;
  private isStale = true;
  private rebuildTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly work = new PageWork(() => this.places.changed());
  private readonly listening = new AbortController();

  constructor(
    private readonly root: HTMLElement, readonly store: DocumentStore, private readonly preferences: Preferences,
    private readonly places: SessionPlaces,
  ) {
    this.info = sessionInfo(store);
    this.todos = todosOf(store);
    this.refreshDiffs();
    document.addEventListener('keydown', (event) => this.pressed(event), { signal: this.listening.signal });
    window.addEventListener('beforeprint', () => this.print(true), { signal: this.listening.signal });
    window.addEventListener('afterprint', () => this.print(false), { signal: this.listening.signal });
    this.narrow.addEventListener('change', () => this.setOutline(!this.narrow.matches), { signal: this.listening.signal });
  }

  /** Returns the agent's session id. */
  draw(status: Status, caveats: unknown, noSocket?: string): string {
    this.drawn = [status, caveats, noSocket];
    const changes = this.store.takeChanges();
    if (changes.structure) this.isStale = true;
    if (this.isStale) this.rebuild();
    this.refreshFacts(changes.kinds);
    if (changes.kinds.size > 0) this.search.refresh();
    const { info } = this;
    document.title = `${oneLine(info.title, 200) || 'Shared session'} · ShareRpc`;
    const current = this.currentMessage();
    render(html`
      <button type="button" class="skip" @click=${() => this.focus()}>Skip to the conversation</button>
      ${renderTop(info, status, this.isOutlineOpen, this.preferences.theme, {
        outline: () => this.setOutline(!this.isOutlineOpen), search: () => this.openSearch(), theme: () => this.nextTheme(),
        help: () => this.openHelp(),
      })}
      ${this.search.render(status !== 'connecting' && status !== 'catching_up')}
      <div class="body ${this.isOutlineOpen ? 'with-outline' : ''}">
        <aside class="side" aria-label="About the session">${renderSide({
          outline: this.outline, current, todos: this.todos, changes: this.diffs, info,
          limits: limitsOf(caveats, noSocket),
          permalink: (id) => this.permalink(id),
          show: (id, event) => {
            event.preventDefault();
            if (this.narrow.matches) this.isOutlineOpen = false;
            this.showMessage(id);
          },
          copyLink: (event) => this.copyLink(event),
          exportAs: (format) => saveSession(this.store, this.rows.turns, this.places.shareId(), format),
        })}</aside>
        <main class="main"><div class="scroller" tabindex="0" role="region" aria-label="Conversation"></div>
          ${this.renderNews()}</main>
      </div>
      <p class="said" role="status">${this.linkCopy.said}</p>
      ${this.isHelpOpen ? renderHelp(this.preferences.areKeysOff, (areOff) => (this.preferences.areKeysOff = areOff), () => {
        this.isHelpOpen = false;
        this.places.changed();
      }) : nothing}`, this.root);
    this.drawList();
    return info.id;
  }

  /** Shows all of the session while it is printed, nothing folded. */
  private print(isPrinting: boolean): void {
    if (!this.list || this.list.isWhole === isPrinting) return;
    this.list.isWhole = isPrinting;
    this.list.update();
  }

  ended(): void {
    this.end = 'ended';
    // An ended session opens at its start.
    if (!this.hasMoved && this.list?.follows && !this.wantedMessage) this.list.showStart();
  }

  showMessage(id: string): void {
    this.hasMoved = true;
    this.wantedMessage = id;
    this.places.changed();
  }

  close(): void {
    this.listening.abort();
    clearTimeout(this.rebuildTimer);
    this.search.stop();
    this.work.stopAll();
    this.markdowns.clear();
  }

  isOpen(id: string, byDefault: boolean): boolean {
    return (this.list?.isWhole && !isUndoneRow(id)) || (this.opened.get(id) ?? byDefault);
  }

  toggle(id: string, byDefault: boolean): void {
    this.opened.set(id, !this.isOpen(id, byDefault));
    if (isUndoneRow(id)) this.isStale = true;
    this.hasMoved = true;
    this.places.changed();
  }

  markdown(id: string, text: string): Node {
    return this.markdowns.nodeOf(id, text);
  }

  get isSplit(): boolean {
    return this.preferences.isSplit;
  }

  toggleSplit(): void {
    this.preferences.isSplit = !this.preferences.isSplit;
    this.places.changed();
  }

  sessionAddress(sessionId: string): string | undefined {
    return this.places.sessionAddress(sessionId);
  }

  permalink(messageId: string): string {
    return this.places.permalink(messageId);
  }

  copyLink(event: Event, messageId?: string): void {
    if (messageId !== undefined) window.history.replaceState(null, '', this.permalink(messageId));
    void this.linkCopy.copy(this.places.link(messageId), event);
  }

  private refreshFacts(kinds: ReadonlySet<string>): void {
    if (kinds.has('todo')) this.todos = todosOf(this.store);
    if (kinds.has('session_diff')) this.refreshDiffs();
    if (kinds.has('session') || kinds.has('message') || kinds.has('model')) this.info = sessionInfo(this.store);
    this.info.parts = this.store.count('part');
  }

  private refreshDiffs(): void {
    const diffs = sessionDiffs(this.store);
    this.work.stop('diffs');
    this.work.start('diffs', compareSteps(diffs, true), () => (this.diffs = diffs));
  }

  readonly later = (id: string, steps: Steps<unknown>): void => this.work.start(id, steps);

  private rebuild(): void {
    const wait = this.store.count('part') > manyParts ? this.builtAt + rebuildMs - performance.now() : 0;
    if (wait > 0) {
      this.rebuildTimer ??= setTimeout(() => {
        this.rebuildTimer = undefined;
        this.places.changed();
      }, wait);
      return;
    }
    this.rows = buildRows(this.store, (row) => this.opened.get(row) ?? false);
    this.outline = outlineOf(this.store, this.rows.turns);
    this.builtAt = performance.now();
    this.isStale = false;
    this.list?.setRows(this.rows.rows, this.rows.indexOf);
    this.search.refresh();
  }

  private drawList(): void {
    if (!this.list) {
      const scroller = this.root.querySelector<HTMLElement>('.scroller')!;
      this.list = new VirtualList(scroller, (row) => renderRow(this, row, this.end), (row) => estimateRow(this, row), this.places.changed);
      this.list.setRows(this.rows.rows, this.rows.indexOf);
      if (this.end === 'ended' && !this.wantedMessage) this.list.showStart();
      for (const moved of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
        scroller.addEventListener(moved, (event) => this.moved(event), { passive: true, signal: this.listening.signal });
      }
    }
    if (this.wantedMessage) this.bringWanted(this.wantedMessage);
    this.list.update();
    for (const row of this.list.content.children) row.classList.toggle('is-target', (row as HTMLElement).dataset.row === this.target);
    if (this.list.follows) this.rowsSeen = this.rows.rows.length;
    if (this.isEndInSight !== this.list.isEndInSight) {
      this.isEndInSight = this.list.isEndInSight;
      this.places.changed();
    }
    markFound(this.list.content, this.search.query);
  }

  private moved(event: Event): void {
    this.hasMoved = true;
    if (event.type === 'pointerdown' || (event instanceof KeyboardEvent && !scrollKeys.has(event.key))) return;
    this.leave();
    if (this.target !== undefined) this.clearTarget();
  }

  /** The reader moved: later messages or hits do not scroll. */
  private leave(): void {
    this.search.leave();
    this.wantedMessage = undefined;
  }

  private goTo(row: string): void {
    this.leave();
    this.target = row;
    this.list!.showRow(row);
  }

  private bringWanted(id: string): void {
    const row = [`u:${id}`, `a:${id}`].find((candidate) => this.rows.indexOf.has(candidate))
      ?? this.rows.rows.find((candidate) => 'message' in candidate && candidate.message.id === id)?.id;
    if (row === undefined) return this.openUndone(id);
    this.goTo(row);
  }

  /** Unfolds what is undone, if the message is in it. */
  private openUndone(id: string): void {
    const row = this.rows.rows.find((one) => one.type === 'undone' && one.run.messages.some((it) => it.id === id));
    if (row && !this.opened.get(row.id)) this.toggle(row.id, false);
  }

  private renderNews(): unknown {
    if (!this.list || this.list.follows) return nothing;
    const news = Math.max(0, this.rows.rows.length - this.rowsSeen);
    if (news === 0 && this.isEndInSight) return nothing;
    return html`<button type="button" class="news ${news > 0 ? 'has-news' : ''}" @click=${() => this.toEnd()}>${icon('down')}
      ${news > 0 ? html`${count(news)} new` : 'To the end'}</button>`;
  }

  private currentMessage(): string | undefined {
    if (!this.list || this.list.firstVisible === 0) return this.outline[0]?.id;
    for (let at = Math.min(this.list.firstVisible, this.rows.rows.length - 1); at >= 0; at--) {
      const row = this.rows.rows[at]!;
      if ('turn' in row && row.turn.user) return row.turn.user.id;
    }
    return undefined;
  }

  private pressed(event: KeyboardEvent): void {
    const action = actionOf(event, this.preferences.areKeysOff);
    // The close event comes late.
    const isHelpInSight = this.root.querySelector('dialog')?.open ?? false;
    if (!action || (isHelpInSight && action !== 'escape')) return;
    if (action !== 'escape') event.preventDefault();
    this.hasMoved = true;
    this.perform(action);
  }

  private perform(action: KeyAction): void {
    switch (action) {
      case 'nextMessage': return this.jump(1, (row) => row.type === 'user');
      case 'previousMessage': return this.jump(-1, (row) => row.type === 'user');
      case 'nextEdit': return this.jump(1, (row) => row.type === 'part' && isEdit(this.store.get('part', row.part)));
      case 'previousEdit': return this.jump(-1, (row) => row.type === 'part' && isEdit(this.store.get('part', row.part)));
      case 'start': return this.toStart();
      case 'end': return this.toEnd();
      case 'search': return this.openSearch();
      case 'nextHit': return this.search.step(1);
      case 'previousHit': return this.search.step(-1);
      case 'outline': return this.setOutline(!this.isOutlineOpen);
      case 'split': return this.toggleSplit();
      case 'theme': return this.nextTheme();
      case 'help': return this.openHelp();
      case 'escape': return this.escape();
    }
  }

  private jump(by: 1 | -1, isWanted: (row: Row) => boolean): void {
    if (!this.list) return;
    const { rows } = this.rows;
    // Near the end the target may not be the first visible row.
    const from = this.indexOfTarget() ?? this.list.firstVisible;
    for (let at = from + by; at >= 0 && at < rows.length; at += by) {
      if (isWanted(rows[at]!)) return this.goTo(rows[at]!.id);
    }
    if (by < 0) this.toStart();
  }

  private indexOfTarget(): number | undefined {
    return this.target === undefined ? undefined : this.rows.indexOf.get(this.target);
  }

  private toStart(): void {
    this.leave();
    this.target = undefined;
    this.list?.showStart();
  }

  private toEnd(): void {
    this.leave();
    this.target = undefined;
    this.list?.showEnd();
  }

  private setOutline(isOpen: boolean): void {
    this.isOutlineOpen = isOpen;
    this.places.changed();
  }

  private nextTheme(): void {
    this.preferences.nextTheme();
    this.places.changed();
  }

  private openHelp(): void {
    this.isHelpOpen = true;
    this.draw(...this.drawn);
    const dialog = this.root.querySelector('dialog');
    if (!dialog?.open) dialog?.showModal();
  }

  private escape(): void {
    if (this.search.isOpen) this.search.close();
    else if (this.isOutlineOpen && this.narrow.matches) this.setOutline(false);
    else if (this.target !== undefined) this.clearTarget();
  }

  private clearTarget(): void {
    this.target = undefined;
    this.places.changed();
  }

  /** Draws at once, so that the next key reaches the field. */
  private openSearch(): void {
    this.search.isOpen = true;
    this.draw(...this.drawn);
    const field = this.root.querySelector<HTMLInputElement>('#search');
    field?.focus();
    field?.select();
  }

  focus(): void {
    this.list?.scroller.focus();
  }

  get firstVisible(): number {
    return this.list?.firstVisible ?? 0;
  }

  showHit(row: string): void {
    this.opened.set(row, true);
    this.opened.set(`${row}:all`, true);
    this.goTo(row);
  }

  changed(): void {
    this.places.changed();
  }
}
