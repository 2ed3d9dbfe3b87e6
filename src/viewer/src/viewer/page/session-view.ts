import type { NewOp } from '@sharerpc/client';
import { Growing } from '../parts/growing.ts';
import { MarkdownCache } from '../parts/markdown-cache.ts';
import type { View } from '../parts/view.ts';
import type { Spot } from '../address.ts';
import type { DocumentStore } from '../documents.ts';
import type { Holder } from '../session/comments.ts';
import { isUndoneRow, subagentsOf, type Message, type Subagent } from '../session/rows.ts';
import type { Steps } from '../text/slices.ts';
import { Copying, type WholeLink } from './copying.ts';
import { decidesRows, Folds } from './folds.ts';
import type { Listing } from './listing.ts';
import type { PageWork } from './page-work.ts';
import type { Preferences } from './preferences.ts';
import type { Reader, Talking } from './talking.ts';
import type { Travel } from './travel.ts';

/** How often "5 minutes ago" is said anew. */
const relativeMs = 30_000;

export interface SessionPlaces {
  changed(): void;
  permalink(spot: Partial<Spot>): string;
  /** The link with its key; missing in a file, which has none. */
  link?(spot: Partial<Spot>): WholeLink | undefined;
  sessionAddress(sessionId: string): string | undefined;
  shareId(): string;
  /** How many places on the server have these words; missing in a file. */
  countOnServer?(query: string): Promise<number | undefined>;
  /** Missing where nothing can be sent: a saved file. */
  append?(op: NewOp): Promise<string | undefined>;
  reader?(): Reader | undefined;
  /** Who is here, if the link may know. */
  present?(): readonly Omit<Holder, 'id'>[] | undefined;
}

/** What rows show and do: folds, copies, links, times. */
export class SessionView implements View {
  readonly folds = new Folds();
  readonly copying: Copying;
  /** Shows all rows, for paper. */
  isWhole = false;
  private readonly markdowns = new MarkdownCache();
  private readonly growing = new Growing();
  private clock: ReturnType<typeof setInterval> | undefined;

  /** `rowsChanged`: called when rows come or go with a fold. */
  constructor(
    readonly store: DocumentStore, readonly talk: Talking, private readonly preferences: Preferences,
    private readonly places: SessionPlaces,
    private readonly listing: Listing, private readonly travel: Travel, private readonly work: PageWork,
    private readonly rowsChanged: () => void,
  ) {
    this.copying = new Copying(places.changed);
    this.keepTime();
  }

  close(): void {
    clearInterval(this.clock);
    this.markdowns.clear();
    this.growing.clear();
  }

  isOpen(id: string, byDefault: boolean): boolean {
    return (this.isWhole && !isUndoneRow(id)) || this.folds.isOpen(id, byDefault);
  }

  toggle(id: string, byDefault: boolean): void {
    this.folds.set(id, !this.isOpen(id, byDefault));
    if (decidesRows(id)) this.rowsChanged();
    this.travel.hasMoved = true;
    this.places.changed();
  }

  markdown(id: string, text: string): Node {
    return this.markdowns.nodeOf(id, text, this.isWhole);
  }

  grown(id: string, key: readonly unknown[], make: () => Iterator<Node>): HTMLElement {
    return this.growing.nodeOf(id, key, make, this.isWhole);
  }

  get isSplit(): boolean {
    return this.preferences.isSplit;
  }

  toggleSplit(): void {
    this.preferences.isSplit = !this.preferences.isSplit;
    this.places.changed();
  }

  get isRelative(): boolean {
    return this.preferences.isRelative;
  }

  toggleTimes(): void {
    this.preferences.isRelative = !this.preferences.isRelative;
    this.keepTime();
    this.places.changed();
  }

  readonly later = (id: string, steps: Steps<unknown>): void => this.work.queue(id, steps);

  sessionAddress(sessionId: string): string | undefined {
    return this.places.sessionAddress(sessionId);
  }

  permalink(message: string): string {
    return this.places.permalink({ message });
  }

  lineAddress(line: string): string {
    return this.places.permalink({ line });
  }

  get targetLine(): string | undefined {
    return this.travel.line;
  }

  copyLink(event: Event, message?: string, line?: string): void {
    const spot: Partial<Spot> = { ...(message !== undefined && { message }), ...(line !== undefined && { line }) };
    if (message ?? line) window.history.replaceState(null, '', this.places.permalink(spot));
    if (line !== undefined) this.travel.line = line;
    if (this.places.link) this.copying.link(this.places.link(spot), event);
    else this.travel.goThere(spot, event);
  }

  copy(event: Event, what: string, text: () => string): void {
    this.copying.text(event, what, text());
  }

  crumbs(message: Message): readonly Subagent[] {
    return message.depth === 0 ? [] : subagentsOf(message, this.listing.all.subagents);
  }

  subagent(session: string): Subagent | undefined {
    return this.listing.all.subagents.get(session);
  }

  show(row: string): void {
    this.travel.hasMoved = true;
    this.travel.goTo(row);
  }

  private keepTime(): void {
    clearInterval(this.clock);
    if (this.isRelative) this.clock = setInterval(() => this.places.changed(), relativeMs);
  }
}
