import { html, nothing, type TemplateResult } from 'lit/html.js';
import { guard } from 'lit/directives/guard.js';
import { ref } from 'lit/directives/ref.js';
import { count, duration, money, plural } from '../../shared/format.ts';
import type { Mode } from '../session/modes.ts';
import type { OutlineEntry } from '../session/outline.ts';
import type { Totals, TurnTotals } from '../session/totals.ts';
import { renderButton } from './chrome.ts';

/** Turns beyond this share a piece of the timeline. */
const maxPieces = 120;

const modes: readonly { mode: Mode; name: string; hint: string }[] = [
  { mode: 'all', name: 'Everything', hint: 'Show everything' },
  { mode: 'edits', name: 'Edits', hint: 'Show questions and edits only (f)' },
  { mode: 'files', name: 'Files', hint: 'Show the changed files (c)' },
];

export interface Toolbar {
  mode: Mode;
  /** Documents so far, while the session is loaded. */
  loaded: number | undefined;
  totals: Totals;
  outline: readonly OutlineEntry[];
  current: string | undefined;
  setMode(mode: Mode): void;
  foldAll(isOpen: boolean): void;
  show(turn: string): void;
}

export function renderToolbar(bar: Toolbar): TemplateResult {
  return html`<div class="bar">
    <div class="modes" role="group" aria-label="What is shown">${modes.map(({ mode, name, hint }) => html`
      <button type="button" class="mode" aria-pressed=${mode === bar.mode} title=${hint}
        @click=${() => bar.setMode(mode)}>${name}</button>`)}</div>
    ${bar.loaded === undefined ? nothing : html`<span class="loading" role="status">
      <progress aria-label="Loading the session"></progress> ${plural(bar.loaded, 'part')} so far</span>`}
    ${guard([bar.totals, bar.outline, bar.current], () => renderTimeline(bar))}
    <span class="folds">${renderButton('unfold', 'Unfold everything', () => bar.foldAll(true))}
      ${renderButton('fold', 'Fold everything', () => bar.foldAll(false))}</span></div>`;
}

/** Shows turns by how long they took; each piece leads to its turn. */
function renderTimeline({ totals, outline, current, show }: Toolbar): TemplateResult | typeof nothing {
  const { turns } = totals;
  if (turns.length < 2) return nothing;
  const titles = new Map(outline.map(({ id, title }) => [id, title]));
  const size = Math.ceil(turns.length / maxPieces);
  const pieces = Array.from(
    { length: Math.ceil(turns.length / size) }, (_, at) => turns.slice(at * size, at * size + size));
  return html`<nav class="timeline" aria-label="Timeline" @keydown=${rove}><ol>${pieces.map((piece, at) => {
    const [first] = piece as [TurnTotals];
    const isNow = piece.some(({ id }) => id === current);
    const label = sayPiece(piece, titles.get(first.id) ?? '', at * size);
    return html`<li ${ref((element) => grow(element, piece))}><button type="button" class="piece is-${stateOf(piece)} ${
      piece.some(({ files }) => files > 0) ? 'has-files' : ''}" tabindex=${isNow || (current === undefined && at === 0)
        ? 0 : -1}
      aria-current=${isNow ? 'true' : nothing} aria-label=${label} title=${label} @click=${() =>
        show(first.id)}></button></li>`;
  })}</ol></nav>`;
}

function sayPiece(piece: readonly TurnTotals[], title: string, before: number): string {
  const worked = piece.reduce((sum, one) => sum + one.worked, 0);
  const cost = piece.reduce((sum, one) => sum + one.usage.cost, 0);
  const files = piece.reduce((sum, one) => sum + one.files, 0);
  const [first, last] = [count(before + 1), count(before + piece.length)];
  const name = piece.length === 1 ? `Turn ${first}` : `Turns ${first} to ${last}`;
  return [`${name}${title === '' ? '' : `: ${title}`}`, worked > 0 ? duration(worked) : '', cost > 0 ? money(cost) : '',
    files > 0 ? plural(files, 'file') : ''].filter((word) => word !== '').join(', ');
}

function stateOf(piece: readonly TurnTotals[]): string {
  if (piece.some(({ state }) => state === 'failed')) return 'failed';
  if (piece.some(({ state }) => state === 'streaming')) return 'streaming';
  return piece.some(({ state }) => state === 'aborted' || state === 'unfinished') ? 'aborted' : 'completed';
}

/** The policy of the page allows no style in markup. Widths go by the root, so that short turns can be hit. */
function grow(element: Element | undefined, piece: readonly TurnTotals[]): void {
  const worked = piece.reduce((sum, one) => sum + one.worked, 0);
  const width = Math.max(1, Math.round(Math.sqrt(worked / 1000)));
  (element as HTMLElement | undefined)?.style.setProperty('flex-grow', String(width));
}

function rove(event: KeyboardEvent): void {
  const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (by === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const pieces = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.piece')];
  const next = pieces[pieces.indexOf(document.activeElement as HTMLElement) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
