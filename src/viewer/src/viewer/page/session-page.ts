import { html, nothing, render } from 'lit/html.js';
import { estimateRow, renderRow, type EndNote } from '../parts/row.ts';
import type { Spot } from '../address.ts';
import type { DocumentStore } from '../documents.ts';
import { fileRow, type ListedRows, type Mode } from '../session/modes.ts';
import { outlineOf, type OutlineEntry } from '../session/outline.ts';
import { buildRows, type SessionRows } from '../session/rows.ts';
import { sessionInfo, todosOf, type SessionInfo, type Todo } from '../session/summary.ts';
import { totalsOf, type Totals } from '../session/totals.ts';
import { oneLine } from '../text/visible.ts';
import type { Thread } from '../session/comments.ts';
import { hidingOf, jumpOf, placeOfThread, rowOfMessage } from './commented.ts';
import { limitsOf, renderNews, renderSide, renderTop, type Status } from './chrome.ts';
import { markFound } from './finder.ts';
import { decidesRows } from './folds.ts';
import { Help } from './help.ts';
import { actionOf, type KeyAction } from './keys.ts';
import { Listing } from './listing.ts';
import { PageWork } from './page-work.ts';
import type { Preferences } from './preferences.ts';
import { saveSession } from './save.ts';
import { Search, type Searched } from './search.ts';
import { SessionView, type SessionPlaces } from './session-view.ts';
import { Talking } from './talking.ts';
import { renderToolbar } from './toolbar.ts';
import { Travel, type Travelled } from './travel.ts';
import { VirtualList } from './virtual-list.ts';

/** Above this, rows are rebuilt at most every `rebuildMs` ms, and for an eighth of the time. */
const manyParts = 2000;
const rebuildMs = 150;
const rebuildShare = 8;
const scrollKeys = new Set(['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End', ' ']);

export class SessionPage implements Searched, Travelled {
  list: VirtualList | undefined;
  private outline: readonly OutlineEntry[] = [];
  private info: SessionInfo;
  private totals: Totals;
  private todos: readonly Todo[];
  private readonly search = new Search(this, async (query) => this.places.countOnServer?.(query));
  private readonly narrow = window.matchMedia('(max-width: 860px)');
  private isOutlineOpen = !this.narrow.matches;
  private readonly help: Help;
  private drawn: [Status, unknown, string?] = ['connecting', undefined];
  private readonly travel = new Travel(this);
  private readonly view: SessionView;
  private readonly talk: Talking;
  private end: EndNote = 'none';
  private rowsSeen = 0;
  private isEndInSight = true;
  private builtAt = -rebuildMs;
  private pause = rebuildMs;
  private isStale = true;
  private wasLoading = false;
  private areFilesStale = true;
  private rebuildTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly work = new PageWork(() => this.places.changed());
  private readonly listing: Listing;
  private isListed: ListedRows | undefined;
  private readonly listening = new AbortController();

  constructor(
    private readonly root: HTMLElement, readonly store: DocumentStore, private readonly preferences: Preferences,
    private readonly places: SessionPlaces,
  ) {
    this.listing = new Listing(store, this.work);
    this.talk = new Talking(store, {
      changed: places.changed, reader: () => places.reader?.(), say: (text) => this.view.copying.say(text),
      ...(places.append && { append: (op) => places.append!(op) }),
    });
    this.view = new SessionView(
      store, this.talk, preferences, places, this.listing, this.travel, this.work, () => (this.isStale = true));
    this.help = new Help(root, preferences, () => this.draw(...this.drawn));
    this.info = sessionInfo(store);
    this.totals = totalsOf(store, []);
    this.todos = todosOf(store);
    const { signal } = this.listening;
    document.addEventListener('keydown', (event) => this.pressed(event), { signal });
    window.addEventListener('beforeprint', () => this.print(true), { signal });
    window.addEventListener('afterprint', () => this.print(false), { signal });
    this.narrow.addEventListener('change', () => this.setOutline(!this.narrow.matches), { signal });
  }

  get rows(): SessionRows {
    return this.listing.all;
  }

  get listed(): ListedRows {
    return this.listing.listed;
  }

  /** Returns the agent's session id. */
  draw(status: Status, caveats: unknown, noSocket?: string): string {
    this.drawn = [status, caveats, noSocket];
    const isLoading = status === 'connecting' || status === 'catching_up';
    const changes = this.store.takeChanges();
    if (changes.structure) this.isStale = true;
    if (this.isStale) this.rebuild();
    this.refreshFacts(changes.kinds);
    if (this.areFilesStale && !isLoading) {
      this.areFilesStale = false;
      this.listing.look();
    }
    if (changes.kinds.size > 0) this.search.refresh();
    const { info } = this;
    document.title = `${oneLine(info.title, 200) || 'Shared session'} · ShareRpc`;
    const current = this.currentMessage();
    render(html`
      <button type="button" class="skip" @click=${() => this.focus()}>Skip to the conversation</button>
      ${renderTop(info, status, this.isOutlineOpen, this.preferences.theme, {
        outline: () => this.setOutline(!this.isOutlineOpen), search: () => this.openSearch(), theme: () =>
          this.nextTheme(),
        help: () => this.help.open(),
      })}
      ${this.search.render(!isLoading)}
      <div class="body ${this.isOutlineOpen ? 'with-outline' : ''}">
        <aside class="side" aria-label="About the session">${renderSide({
          outline: this.outline, current, todos: this.todos, files: this.listing.files, info, totals: this.totals,
          limits: limitsOf(caveats, noSocket),
          permalink: (message) => this.places.permalink({ message }),
          show: (id, event) => {
            event.preventDefault();
            if (this.narrow.matches) this.isOutlineOpen = false;
            this.showMessage(id);
          },
          showFile: (file) => {
            if (this.narrow.matches) this.isOutlineOpen = false;
            this.setMode('files');
            this.travel.goTo(fileRow(file));
          },
          present: this.places.present?.() ?? [],
          threads: this.talk.all,
          showThread: (thread) => this.showThread(thread), mayComment: this.talk.mayComment,
          ...(this.places.link && { copyLink: (event: Event) => this.view.copyLink(event) }),
          exportAs: (format) => saveSession(this.store, this.rows.turns, this.places.shareId(), format),
        })}</aside>
        <main class="main">${renderToolbar({
          mode: this.listing.mode, loaded: isLoading ? info.parts : undefined, totals: this.totals,
            outline: this.outline, current,
          setMode: (mode) => this.setMode(mode), foldAll: (isOpen) => this.foldAll(isOpen),
          show: (turn) => this.showMessage(turn),
        })}<h2 class="for-screen-readers">Conversation</h2>
          <div class="scroller" tabindex="0" role="region" aria-label="Conversation"></div>
          ${this.renderNews()}</main>
      </div>
      <p class="said" role="status">${this.view.copying.said}</p>
      ${this.help.render()}`, this.root);
    this.drawList(isLoading);
    this.talk.focus(this.root);
    return info.id;
  }

  /** Shows all of the session while it is printed, nothing folded. */
  private print(isPrinting: boolean): void {
    if (!this.list || this.list.isWhole === isPrinting) return;
    this.list.isWhole = this.view.isWhole = isPrinting;
    this.list.update();
  }

  /** Shows the start, not the end, of what does not change. */
  readonly showsStart = (): void => void (this.end = 'saved');

  ended(): void {
    this.end = 'ended';
    // An ended session opens at its start.
    if (!this.travel.hasMoved && this.list?.follows && !this.travel.isExpecting) this.list.showStart();
  }

  readonly showMessage = (message: string): void => this.go({ message });

  /** Shows a message or a line as soon as it is there. */
  go(spot: Partial<Spot>): void {
    this.travel.hasMoved = true;
    this.travel.want(spot);
    this.places.changed();
  }

  close(): void {
    this.listening.abort();
    clearTimeout(this.rebuildTimer);
    this.listing.stop();
    this.search.stop();
    this.work.stopAll();
    this.view.close();
  }

  unfold(ids: readonly string[]): void {
    for (const id of ids) this.view.folds.set(id, true);
    if (ids.some(decidesRows)) this.rebuildNow();
  }

  private showThread(thread: Thread): void {
    if (this.narrow.matches) this.isOutlineOpen = false;
    if (thread.kind === 'session_diff') this.setMode('files');
    const { row, message } = placeOfThread(thread, this.rows);
    if (row !== undefined) this.view.show(row);
    else if (message !== undefined) this.showMessage(message);
    this.places.changed();
  }

  private refreshFacts(kinds: ReadonlySet<string>): void {
    if (kinds.has('comment')) this.talk.refresh();
    if (kinds.has('todo')) this.todos = todosOf(this.store);
    if (kinds.has('session_diff') || kinds.has('part')) this.areFilesStale = true;
    if (kinds.has('session') || kinds.has('message') || kinds.has('model')) this.info = sessionInfo(this.store);
    if (kinds.has('turn')) this.totals = totalsOf(this.store, this.rows.turns);
    this.info.parts = this.store.count('part');
  }

  private rebuild(): void {
    const wait = this.store.count('part') > manyParts ? this.builtAt + this.pause - performance.now() : 0;
    if (wait > 0) {
      this.rebuildTimer ??= setTimeout(() => {
        this.rebuildTimer = undefined;
        this.places.changed();
      }, wait);
      return;
    }
    this.rebuildNow();
    this.search.refresh();
  }

  private rebuildNow(): void {
    const start = performance.now();
    this.listing.setRows(buildRows(this.store, this.view.folds.isBuilt));
    this.outline = outlineOf(this.store, this.rows.turns);
    this.totals = totalsOf(this.store, this.rows.turns);
    this.builtAt = performance.now();
    this.pause = Math.max(rebuildMs, rebuildShare * (this.builtAt - start));
    this.isStale = false;
  }

  /** While a long session is loaded, its start is shown: that does not change. Then its end is, where it goes on. */
  private drawList(isLoading: boolean): void {
    if (!this.list) {
      const scroller = this.root.querySelector<HTMLElement>('.scroller')!;
      this.list = new VirtualList(
        scroller, (row) => renderRow(this.view, row, this.end), (row) => estimateRow(this.view, row),
        this.places.changed);
      if (this.end !== 'none' && !this.travel.isExpecting) this.list.showStart();
      for (const moved of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
        const { signal } = this.listening;
        scroller.addEventListener(moved, (event) => this.moved(event), { passive: true, signal });
      }
    }
    if (isLoading && !this.wasLoading && !this.travel.hasMoved) this.list.showStart();
    else if (!isLoading && this.wasLoading && !this.travel.hasMoved && this.end === 'none') this.list.showEnd();
    this.wasLoading = isLoading;
    this.listNow();
    this.travel.bring();
    this.list.update();
    this.travel.settle();
    for (const row of this.list.content.children) {
      row.classList.toggle('is-target', (row as HTMLElement).dataset.row === this.travel.target);
    }
    if (this.list.follows) this.rowsSeen = this.listed.rows.length;
    if (this.isEndInSight !== this.list.isEndInSight) {
      this.isEndInSight = this.list.isEndInSight;
      this.places.changed();
    }
    markFound(this.list.content, this.search.query);
  }

  /** Gives the list the rows of the mode, if they are others. */
  private listNow(): void {
    if (this.isListed === this.listed) return;
    this.isListed = this.listed;
    this.list?.setRows(this.listed.rows, this.listed.indexOf);
  }

  private moved(event: Event): void {
    this.travel.hasMoved = true;
    if (event.type === 'pointerdown' || (event instanceof KeyboardEvent && !scrollKeys.has(event.key))) return;
    this.travel.leave();
    if (this.travel.target !== undefined) this.clearTarget();
  }

  readonly left = (): void => this.search.leave();

  reveal(row: string): boolean {
    if (!this.listed.indexOf.has(row) && this.rows.indexOf.has(row)) this.listing.setMode('all');
    this.listNow();
    return this.listed.indexOf.has(row);
  }

  /** Unfolds what hides the message: what was undone, or a subagent. */
  rowOf(message: string): string | undefined {
    const row = rowOfMessage(this.rows, message);
    if (row !== undefined) return row;
    const hiding = hidingOf(this.rows, message, this.store.get('message', message) !== undefined);
    this.unfold(hiding.filter((id) => !this.view.folds.isBuilt(id)));
    return rowOfMessage(this.rows, message);
  }

  private renderNews(): unknown {
    if (!this.list || this.list.follows) return nothing;
    const news = this.listing.mode === 'all' ? Math.max(0, this.listed.rows.length - this.rowsSeen) : 0;
    if (news === 0 && this.isEndInSight) return nothing;
    return renderNews(news, () => this.travel.toEnd());
  }

  private currentMessage(): string | undefined {
    const first = this.list?.firstVisible ?? 0;
    return first === 0 ? this.outline[0]?.id : this.listing.questionAt(first);
  }

  private pressed(event: KeyboardEvent): void {
    const action = actionOf(event, this.preferences.areKeysOff);
    // The close event comes late.
    const isHelpInSight = this.root.querySelector('dialog')?.open ?? false;
    if (!action || (isHelpInSight && action !== 'escape')) return;
    if (action !== 'escape') event.preventDefault();
    this.travel.hasMoved = true;
    this.perform(action);
  }

  private perform(action: KeyAction): void {
    const jump = jumpOf(action, this.store, this.talk);
    if (jump) return this.travel.jump(...jump);
    switch (action) {
      case 'start': return this.travel.toStart();
      case 'end': return this.travel.toEnd();
      case 'search': return this.openSearch();
      case 'nextHit': return this.search.step(1);
      case 'previousHit': return this.search.step(-1);
      case 'outline': return this.setOutline(!this.isOutlineOpen);
      case 'edits': return this.setMode(this.listing.mode === 'edits' ? 'all' : 'edits');
      case 'files': return this.setMode(this.listing.mode === 'files' ? 'all' : 'files');
      case 'times': return this.view.toggleTimes();
      case 'unfold': return this.foldAll(true);
      case 'fold': return this.foldAll(false);
      case 'split': return this.view.toggleSplit();
      case 'theme': return this.nextTheme();
      case 'help': return this.help.open();
      case 'escape': this.escape();
    }
  }

  private setMode(mode: Mode): void {
    const current = this.currentMessage();
    this.listing.setMode(mode);
    this.travel.leave();
    this.travel.target = undefined;
    if (mode === 'files') this.list?.showStart();
    else if (current !== undefined && !this.list?.follows) this.travel.want({ message: current });
    this.places.changed();
  }

  private foldAll(isOpen: boolean): void {
    this.view.folds.setAll(isOpen);
    this.rebuildNow();
    this.places.changed();
  }

  private setOutline(isOpen: boolean): void {
    this.isOutlineOpen = isOpen;
    this.places.changed();
  }

  private nextTheme(): void {
    this.preferences.nextTheme();
    this.places.changed();
  }

  private escape(): void {
    if (this.search.isOpen) this.search.close();
    else if (this.isOutlineOpen && this.narrow.matches) this.setOutline(false);
    else if (this.travel.target !== undefined) this.clearTarget();
    else if (this.listing.mode !== 'all') this.setMode('all');
  }

  private clearTarget(): void {
    this.travel.target = undefined;
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

  readonly focus = (): void => this.list?.scroller.focus();

  get firstVisible(): number {
    const row = this.listed.rows[this.list?.firstVisible ?? 0];
    return (row && this.rows.indexOf.get(row.id)) ?? 0;
  }

  showHit(row: string): void {
    this.unfold([row, `${row}:all`]);
    this.travel.goTo(row);
  }

  readonly changed = (): void => this.places.changed();
}
