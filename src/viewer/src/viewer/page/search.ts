import { html, nothing, type TemplateResult } from 'lit/html.js';
import { count } from '../../shared/format.ts';
import type { DocumentStore } from '../documents.ts';
import { inSlices } from '../text/slices.ts';
import { searchSteps } from '../session/search.ts';
import type { SessionRows } from '../session/rows.ts';
import { renderButton } from './chrome.ts';

const pauseMs = 150;
/** The hits that the server tells of at once. */
const mostOnServer = 100;

export interface Searched {
  readonly store: DocumentStore;
  readonly rows: SessionRows;
  readonly firstVisible: number;
  showHit(row: string): void;
  /** Focuses the conversation. */
  focus(): void;
  changed(): void;
}

/** Searches a session; repeats it when documents change. */
export class Search {
  query = '';
  isOpen = false;
  private hits: readonly string[] = [];
  /** The shown hit's index; -1 for none. */
  private at = -1;
  /** False from a query change until its search. */
  private isAnswered = true;
  private isHitWanted = false;
  /** Whether the reader waits for a hit behind the last one that is loaded. */
  private isNextWanted = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = pauseMs;
  /** Stops the search that is under way. */
  private stopSearch = () => {};

  /** Of what is not loaded yet: how many places the server knows. */
  private onServer: number | undefined;
  private isComplete = true;

  /** `ask`: counts the places on the server, 100 at most; undefined where it does not tell. */
  constructor(
    private readonly page: Searched, private readonly ask: (query: string) => Promise<number | undefined>,
  ) {}

  close(): void {
    this.isOpen = false;
    this.type('');
    this.page.focus();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stopSearch();
  }

  refresh(): void {
    if (this.query.trim() !== '') this.timer ??= setTimeout(() => this.run(), this.pause);
  }

  /** The reader moved: do not jump to later hits. */
  leave(): void {
    this.isHitWanted = this.isNextWanted = false;
  }

  /** Shows the next hit from the reader's position or the last hit. */
  step(by: 1 | -1): void {
    if (this.isAnswered) this.show(by);
    else this.run();
  }

  /** `isComplete`: all current documents are loaded. */
  render(isComplete: boolean): TemplateResult | typeof nothing {
    this.isComplete = isComplete;
    if (!this.isOpen) return nothing;
    return html`<div class="search" role="search">
      <label class="for-screen-readers" for="search">Search in the session</label>
      <input id="search" class="field" type="search" autocomplete="off" spellcheck="false"
        placeholder="Search in the session" .value=${this.query}
        @input=${(event: Event) => this.type((event.target as HTMLInputElement).value)}
        @keydown=${(event: KeyboardEvent) => { if (event.key === 'Enter') this.step(event.shiftKey ? -1 : 1); }} />
      <span class="search-count" role="status">${this.sayHits(isComplete)}</span>
      ${renderButton('up', 'Previous place (Shift+Enter)', () => this.step(-1))}
      ${renderButton('open', 'Next place (Enter)', () => this.step(1))}
      ${renderButton('close', 'Close the search (Esc)', () => this.close())}</div>`;
  }

  /** Whether the server knows of hits that are not loaded yet. */
  private get hasMore(): boolean {
    return !this.isComplete && (this.onServer ?? 0) > this.hits.length;
  }

  private sayHits(isComplete: boolean): string {
    if (this.query.trim() === '' || !this.isAnswered) return '';
    const { onServer = 0 } = this;
    const more = !this.hasMore ? ''
      : `, ${onServer < mostOnServer ? count(onServer) : `${mostOnServer} or more`} in the whole session${
        this.isNextWanted ? ', the next one is loading' : ''}`;
    if (this.hits.length === 0) return isComplete ? 'Nothing found' : `Nothing found yet${more}`;
    return `${this.at < 0 ? '' : `${count(this.at + 1)} of `}${count(this.hits.length)}${more}`;
  }

  private type(query: string): void {
    this.query = query;
    this.hits = [];
    this.at = -1;
    this.onServer = undefined;
    this.isHitWanted = true;
    this.isNextWanted = false;
    this.isAnswered = false;
    this.stop();
    this.timer = undefined;
    this.refresh();
    this.page.changed();
  }

  private run(): void {
    this.stop();
    const start = performance.now();
    const steps = searchSteps(this.page.store, this.page.rows.rows, this.query);
    this.stopSearch = inSlices(steps, (hits) => this.take(hits, start));
    if (!this.isComplete && this.onServer === undefined) void this.askServer(this.query);
  }

  private async askServer(query: string): Promise<void> {
    const found = await this.ask(query);
    if (query !== this.query) return;
    this.onServer = found;
    this.page.changed();
  }

  private take(hits: readonly string[], start: number): void {
    this.timer = undefined;
    const shown = this.hits[this.at];
    this.hits = hits;
    this.at = shown === undefined ? -1 : this.hits.indexOf(shown);
    this.isAnswered = true;
    // Limits search time while a long session streams.
    this.pause = Math.max(pauseMs, 10 * (performance.now() - start));
    const isNextHere = this.isNextWanted && this.at < hits.length - 1;
    if (this.isHitWanted ? this.at < 0 : isNextHere) this.show(1);
    if (isNextHere || !this.hasMore) this.isNextWanted = false;
    this.page.changed();
  }

  private show(by: 1 | -1): void {
    const { length } = this.hits;
    this.isNextWanted = by === 1 && this.at === length - 1 && this.hasMore;
    if (this.isNextWanted) this.page.changed();
    if (length === 0 || this.isNextWanted) return;
    const { rows, firstVisible } = this.page;
    const ahead = this.hits.findIndex((row) => (rows.indexOf.get(row) ?? 0) >= firstVisible);
    this.at = this.at < 0 ? Math.max(0, ahead) : (this.at + by + length) % length;
    this.page.showHit(this.hits[this.at]!);
  }
}
