import type { Spot } from '../address.ts';
import type { Row } from '../session/rows.ts';
import type { VirtualList } from './virtual-list.ts';

/** Pixels above a line that was linked to. */
const aboveLine = 90;

/** A line of a diff: `<id of the diff>@a12` or `@b12`. */
interface LinePlace {
  diff: string;
  row: string;
  /** What must be unfolded. */
  folds: string[];
  line: string;
}

/** Parses the name of a line; undefined for anything else. */
export function lineOf(text: string): LinePlace | undefined {
  const [, diff, line] = /^(.{1,1000})@([ab]\d{1,9})$/s.exec(text) ?? [];
  if (!diff || !line) return undefined;
  const [, turn] = /^d:(.*):\d+$/s.exec(diff) ?? [];
  const row = turn === undefined ? diff.replace(/:diff\d+$/, '') : `f:${turn}`;
  return { diff, row, line, folds: [`${diff}:all`, turn === undefined ? row : `d:${turn}`] };
}

export interface Travelled {
  readonly list: VirtualList | undefined;
  readonly listed: { rows: readonly Row[]; indexOf: ReadonlyMap<string, number> };
  /** Makes a row part of what is listed, and tells whether it is. */
  reveal(row: string): boolean;
  unfold(ids: readonly string[]): void;
  /** The row of a message. */
  rowOf(message: string): string | undefined;
  left(): void;
}

/** Where the reader goes: by links, keys, searches. */
export class Travel {
  /** The marked target of a jump; the next jump starts there. */
  target: string | undefined;
  /** A line that was linked to, and is marked. */
  line: string | undefined;
  /** Whether the reader has done anything yet. */
  hasMoved = false;
  private wanted: Partial<Spot> | undefined;
  private isLineWanted = false;

  constructor(private readonly page: Travelled) {}

  get isExpecting(): boolean {
    return this.wanted !== undefined;
  }

  /** A spot to show as soon as it is there. */
  want(spot: Partial<Spot>): void {
    this.wanted = spot;
  }

  /** Follows a link inside the page. */
  goThere(spot: Partial<Spot>, event: Event): void {
    event.preventDefault();
    this.want(spot);
    this.bring();
  }

  /** The reader moved: later messages do not scroll. */
  leave(): void {
    this.wanted = undefined;
    this.isLineWanted = false;
    this.page.left();
  }

  goTo(row: string): void {
    this.leave();
    if (!this.page.reveal(row)) return;
    this.target = row;
    this.page.list?.showRow(row);
  }

  /** Goes to what is wanted, if it is there by now. */
  bring(): void {
    const { message, line } = this.wanted ?? {};
    if (message) {
      const row = this.page.rowOf(message);
      if (row !== undefined) this.goTo(row);
    } else if (line) {
      const place = lineOf(line);
      if (!place || !this.page.reveal(place.row)) return;
      this.page.unfold(place.folds);
      this.goTo(place.row);
      this.line = line;
      this.isLineWanted = true;
    }
  }

  /** Scrolls to the line, once it is drawn. */
  settle(): void {
    const place = this.isLineWanted && this.line ? lineOf(this.line) : undefined;
    const row = place && this.page.list?.elementOf(place.row);
    const diff = row && [...row.querySelectorAll<HTMLElement>('.diff')].find((one) => one.dataset.diff === place.diff);
    const line = diff && [...diff.querySelectorAll<HTMLElement>('.line-link')].find((one) =>
      one.dataset.line === place.line);
    if (!line) return;
    this.isLineWanted = false;
    this.target = undefined;
    this.page.list!.showRow(place.row, line.getBoundingClientRect().top - row.getBoundingClientRect().top - aboveLine);
  }

  jump(by: 1 | -1, isWanted: (row: Row) => boolean): void {
    const { list, listed } = this.page;
    if (!list) return;
    // Near the end the target may not be the first visible row.
    const from = (this.target === undefined ? undefined : listed.indexOf.get(this.target)) ?? list.firstVisible;
    for (let at = from + by; at >= 0 && at < listed.rows.length; at += by) {
      if (isWanted(listed.rows[at]!)) return this.goTo(listed.rows[at]!.id);
    }
    if (by < 0) this.toStart();
  }

  toStart(): void {
    this.leave();
    this.target = undefined;
    this.page.list?.showStart();
  }

  toEnd(): void {
    this.leave();
    this.target = undefined;
    this.page.list?.showEnd();
  }
}
