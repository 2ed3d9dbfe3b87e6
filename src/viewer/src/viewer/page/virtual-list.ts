import { html, render, type TemplateResult } from 'lit/html.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Row } from '../session/rows.ts';

/** Pixels outside the view. */
const overscan = 600;
const atEnd = 48;

/** Subagents deeper than this are not moved in further. */
const maxDepth = 4;

function depthOf(row: Row): string {
  const depth = 'message' in row ? Math.min(maxDepth, row.message.depth) : 0;
  return depth === 0 ? '' : ` depth-${depth}`;
}

/**
 * Renders visible rows only; estimates unmeasured heights. Anchors a row and its offset, so that growth above does not
 * move the text.
 */
export class VirtualList {
  private rows: readonly Row[] = [];
  private indexOf: ReadonlyMap<string, number> = new Map();
  private readonly heights = new Map<string, number>();
  private offsets = new Float64Array(1);
  /** Measured or estimated, by index. */
  private extents = new Float64Array(0);
  private readonly space = document.createElement('div');
  private readonly window = document.createElement('div');
  private readonly sizes: ResizeObserver;
  private readonly observed = new Set<Element>();
  private anchor: { id: string; delta: number } | undefined;
  private expectedTop = 0;
  private width = 0;

  follows = true;

  /** Renders all rows, for paper. */
  isWhole = false;

  constructor(
    readonly scroller: HTMLElement,
    private readonly renderRow: (row: Row) => TemplateResult,
    private readonly estimate: (row: Row) => number,
    private readonly changed: () => void,
  ) {
    this.space.className = 'list-space';
    this.window.className = 'list-window';
    this.space.append(this.window);
    scroller.append(this.space);
    scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    this.sizes = new ResizeObserver(() => this.changed());
    this.sizes.observe(scroller);
  }

  setRows(rows: readonly Row[], indexOf: ReadonlyMap<string, number>): void {
    const before = this.rows;
    this.rows = rows;
    this.indexOf = indexOf;
    if (this.anchor && !indexOf.has(this.anchor.id)) this.anchor = this.nearest(before, this.anchor.id);
    if (this.heights.size > 2 * rows.length + 100) for (const id of this.heights.keys()) if (
      !indexOf.has(id)) this.heights.delete(id);
    this.layOut();
  }

  /** Repeats until heights are stable. */
  update(): void {
    if (this.isWhole) {
      this.window.style.transform = '';
      this.renderRows(0, this.rows.length);
      return;
    }
    if (this.scroller.clientWidth !== this.width) this.width = this.scroller.clientWidth;
    for (let pass = 0; pass < 5; pass++) {
      const top = this.targetTop();
      const [first, end] = this.rangeAt(top);
      this.window.style.transform = `translateY(${this.offsets[first]}px)`;
      this.renderRows(first, end);
      const isSettled = !this.measure();
      this.window.style.transform = `translateY(${this.offsets[first]}px)`;
      this.scrollTo(this.targetTop());
      if (isSettled) break;
    }
    this.observe();
  }

  private renderRows(first: number, end: number): void {
    render(repeat(this.rows.slice(first, end), (row) => row.id, (row) => html`
      <div class="row row-${row.type}${depthOf(row)}" data-row=${row.id}>${this.renderRow(row)}</div>`), this.window);
  }

  /** Brings a row to the top, or what is so many pixels below its top. */
  showRow(id: string, delta = -6): void {
    if (!this.indexOf.has(id)) return;
    this.follows = false;
    this.anchor = { id, delta };
    this.changed();
  }

  showStart(): void {
    this.follows = false;
    this.anchor = { id: this.rows[0]?.id ?? '', delta: 0 };
    this.changed();
  }

  showEnd(): void {
    this.follows = true;
    this.changed();
  }

  get firstVisible(): number {
    return this.rowAt(this.scroller.scrollTop + 20);
  }

  get isEndInSight(): boolean {
    return this.expectedTop + this.scroller.clientHeight >= this.offsets[this.rows.length]! - atEnd;
  }

  elementOf(id: string): HTMLElement | undefined {
    return [...this.window.children].find((element): element is HTMLElement =>
      (element as HTMLElement).dataset.row === id);
  }

  get content(): HTMLElement {
    return this.window;
  }

  private scrolled(): void {
    const top = this.scroller.scrollTop;
    if (this.isWhole) return;
    if (Math.abs(top - this.expectedTop) < 1.5) return;
    this.expectedTop = top;
    this.follows = top + this.scroller.clientHeight >= this.scroller.scrollHeight - atEnd;
    this.anchorAt(top);
    this.changed();
  }

  private anchorAt(top: number): void {
    const row = this.rowAt(top);
    const id = this.rows[row]?.id;
    this.anchor = id === undefined ? undefined : { id, delta: top - this.offsets[row]! };
  }

  private targetTop(): number {
    const highest = Math.max(0, this.offsets[this.rows.length]! - this.scroller.clientHeight);
    if (this.follows) return highest;
    const row = this.anchor ? this.indexOf.get(this.anchor.id) : undefined;
    return row === undefined ? Math.min(this.scroller.scrollTop, highest)
      : Math.min(highest, Math.max(0, this.offsets[row]! + this.anchor!.delta));
  }

  private scrollTo(top: number): void {
    this.space.style.height = `${this.offsets[this.rows.length]}px`;
    if (Math.abs(this.scroller.scrollTop - top) >= 1) this.scroller.scrollTop = top;
    this.expectedTop = this.scroller.scrollTop;
  }

  private measure(): boolean {
    let first = Infinity;
    for (const element of this.window.children) {
      const id = (element as HTMLElement).dataset.row!;
      const height = element.getBoundingClientRect().height;
      if (Math.abs((this.heights.get(id) ?? -1) - height) < 0.5) continue;
      this.heights.set(id, height);
      const index = this.indexOf.get(id);
      if (index === undefined) continue;
      this.extents[index] = height;
      first = Math.min(first, index);
    }
    if (first === Infinity) return false;
    this.sumFrom(first);
    return true;
  }

  private layOut(): void {
    const { length } = this.rows;
    if (this.extents.length < length) {
      this.extents = new Float64Array(length * 2);
      this.offsets = new Float64Array(length * 2 + 1);
    }
    for (let index = 0; index < length; index++) {
      const row = this.rows[index]!;
      this.extents[index] = this.heights.get(row.id) ?? this.estimate(row);
    }
    this.sumFrom(0);
  }

  private sumFrom(first: number): void {
    let offset = first === 0 ? 0 : this.offsets[first]!;
    for (let index = first; index < this.rows.length; index++) {
      this.offsets[index] = offset;
      offset += this.extents[index]!;
    }
    this.offsets[this.rows.length] = offset;
  }

  private rangeAt(top: number): [number, number] {
    const first = this.rowAt(top - overscan);
    const last = this.rowAt(top + this.scroller.clientHeight + overscan);
    return [first, Math.min(this.rows.length, last + 1)];
  }

  private rowAt(top: number): number {
    let low = 0;
    let high = Math.max(0, this.rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsets[middle]! <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private observe(): void {
    const now = new Set<Element>(this.window.children);
    for (const element of this.observed) {
      if (now.has(element)) continue;
      this.sizes.unobserve(element);
      this.observed.delete(element);
    }
    for (const element of now) {
      if (this.observed.has(element)) continue;
      this.sizes.observe(element);
      this.observed.add(element);
    }
  }

  private nearest(before: readonly Row[], id: string): { id: string; delta: number } | undefined {
    for (let index = before.findIndex((row) => row.id === id); index >= 0; index--) {
      const candidate = before[index]!.id;
      if (this.indexOf.has(candidate)) return { id: candidate, delta: 0 };
    }
    return undefined;
  }
}
