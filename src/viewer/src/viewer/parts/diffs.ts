import { html, nothing, render, type TemplateResult } from 'lit/html.js';
import { changedMiddle, sideBySide, toUnified, type DiffLine, type FileDiff, type Hunk } from '../diff/file-diff.ts';
import { count, plural } from '../../shared/format.ts';
import { chunkElement, chunkLines } from '../text/chunks.ts';
import { visible } from '../text/visible.ts';
import { renderLineComment, type DiffSource } from './comments.ts';
import { renderCopy } from './copy.ts';
import { renderMore } from './output.ts';
import type { View } from './view.ts';

const foldedLines = 40;
const maxLines = 3000;
const maxLineChars = 2000;
const maxNameChars = 1000;
/** Of a call or a turn, so many files are shown. */
const maxFiles = 100;

/** Differences that stand together show so many lines at first, and those behind them none. */
const togetherLines = 400;

/** Renders the differences of several files. */
export function renderDiffs(view: View, diffs: readonly FileDiff[], idOf: (at: number) => string,
  nameOf: (diff: FileDiff) => string = (diff) => diff.file,
  sourceOf: (at: number) => DiffSource | undefined = () => undefined): TemplateResult {
  let left = togetherLines;
  return html`${diffs.slice(0, maxFiles).map((diff, at) => {
    const shown = Math.min(foldedLines, left);
    left -= Math.min(shown, lineCountOf(diff));
    return renderDiff(view, idOf(at), diff, nameOf(diff), shown, sourceOf(at));
  })}${diffs.length > maxFiles ? html`<p class="quiet">${plural(diffs.length - maxFiles, 'more file')} not shown here:
    the export has them.</p>` : nothing}`;
}

/**
 * Renders a difference, of which `folded` lines at first. `id` and a line (`<id>@a12`, after, or `@b12`, before) name a
 * place that links lead to.
 */
function renderDiff(
  view: View, id: string, diff: FileDiff, name: string, folded: number, on: DiffSource | undefined,
): TemplateResult {
  const isAll = view.isOpen(`${id}:all`, false);
  const total = lineCountOf(diff);
  const max = isAll ? maxLines : folded;
  const left = Math.max(0, total - max);
  const isSplit = view.isSplit && diff.additions > 0 && diff.deletions > 0;
  const called = visible(name.slice(0, maxNameChars));
  const file = on?.kind === 'part' ? diff.file : name;
  const marks = new Set(on && view.talk.threadsOn(on.kind, on.key).flatMap(({ comments: [first] }) =>
    first?.line?.file === file ? `${first.line.side === 'after' ? 'a' : 'b'}${first.line.number}` : []));
  const place: Place = { view, id, isSplit, name: called, marks };
  return html`
    <div class="diff" data-diff=${id}>
      <div class="diff-head">
        <span class="path" dir="ltr">${called}</span>${renderCounts(diff)}
        ${total === 0 ? nothing : html`<span class="diff-actions"><button type="button" class="quiet-button wide-only"
          aria-pressed=${view.isSplit} @click=${() => view.toggleSplit()}>Side by side</button>${
          renderCopy(view, 'diff', () => toUnified(diff))}</span>`}
      </div>
      ${on ? renderTalkOfLine(place, diff, file, on) : nothing}
      ${total === 0 || max === 0 ? nothing : html`<div class="diff-scroll" tabindex="0" role="group"
        aria-label="Changes in ${called}" @keydown=${rove}>${isAll && total > folded ? grown(place, diff)
          : renderTable(place, [...rowsOf(place, firstLines(diff.hunks, max))], true)}</div>`}
      ${left > 0 || (isAll && total > folded) ? renderMore(view, id, isAll, left, left > 0) : nothing}
    </div>`;
}

function lineCountOf(diff: FileDiff): number {
  return diff.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
}

/** Returns all lines, in a table for each {@link chunkLines}. */
function grown(place: Place, diff: FileDiff): HTMLElement {
  const { view, id } = place;
  const root = view.grown(`${id}:all`, [diff, place.isSplit, [...place.marks].join()], function* () {
    let rows: TemplateResult[] = [];
    let isFirst = true;
    const end = () => {
      const chunk = chunkElement(rows.length);
      render(renderTable(place, rows, isFirst), chunk);
      [rows, isFirst] = [[], false];
      return chunk;
    };
    for (const row of rowsOf(place, firstLines(diff.hunks, maxLines))) if (rows.push(row) === chunkLines) yield end();
    if (rows.length > 0) yield end();
  });
  const target = view.targetLine?.startsWith(`${id}@`) ? view.targetLine.slice(id.length + 1) : '';
  if ((root.dataset.target ?? '') !== target) {
    root.dataset.target = target;
    for (const link of root.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
    root.querySelector(`[data-line="${CSS.escape(target)}"]`)?.setAttribute('aria-current', 'true');
  }
  return root;
}

function renderTable({ isSplit, name }: Place, rows: readonly TemplateResult[], isFirst: boolean): TemplateResult {
  return html`<table class=${isSplit ? 'split' : 'unified'}>
    ${isFirst ? html`<caption class="for-screen-readers">Changed lines of ${name}</caption>` : nothing}
    <colgroup>${isSplit ? html`<col class="number" /><col /><col class="number" /><col />`
      : html`<col class="number" /><col class="number" /><col class="sign" /><col />`}</colgroup>
    <tbody>${rows}</tbody></table>`;
}

interface Place {
  view: View;
  id: string;
  isSplit: boolean;
  name: string;
  /** The lines with comments: `a12`, after, or `b12`, before. */
  marks: ReadonlySet<string>;
}

/** Below the head of a diff with a marked line: lets the reader comment on it. */
function renderTalkOfLine(
  { view, id }: Place, diff: FileDiff, file: string, on: DiffSource,
): TemplateResult | typeof nothing {
  const [, side, at] = /@([ab])(\d+)$/.exec(view.targetLine?.startsWith(`${id}@`) ? view.targetLine : '') ?? [];
  if (!at) return nothing;
  const name = side === 'a' ? 'after' : 'before';
  const line = diff.hunks.flatMap(({ lines }) => lines).find((one) => one[name] === Number(at));
  return line ? renderLineComment(view, on, { file, side: name, number: Number(at) }, line.text) : nothing;
}

/** Moves between the links of the lines by the arrow keys; Tab leaves the difference. */
function rove(event: KeyboardEvent): void {
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (by === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.line-link')];
  const now = links.indexOf(document.activeElement as HTMLElement);
  const next = links[now < 0 && by < 0 ? links.length - 1 : now + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

export function renderCounts(diff: { additions: number; deletions: number }): TemplateResult {
  return html`<span class="counts"><span class="plus"
    aria-label="${diff.additions} lines added">+${count(diff.additions)}</span>
    <span class="minus" aria-label="${diff.deletions} lines removed">−${count(diff.deletions)}</span></span>`;
}

function* rowsOf(place: Place, hunks: readonly Hunk[]): Generator<TemplateResult> {
  for (const [index, hunk] of hunks.entries()) {
    if (index > 0 || (hunk.lines[0]?.after ?? hunk.lines[0]?.before ?? 1) > 1) {
      yield html`<tr class="hunk"><td></td><td colspan="3">⋯ ${visible(hunk.heading.slice(0, 200))}</td></tr>`;
    }
    if (place.isSplit) {
      for (const { left, right } of sideBySide(hunk.lines)) {
        yield html`<tr>${renderSide(place, left, right, 'before')}${renderSide(place, right, left, 'after')}</tr>`;
      }
      continue;
    }
    for (const [at, line] of hunk.lines.entries()) {
      const [before, after] = [line.before ?? '', line.after ?? ''];
      const isLinkAfter = line.after !== undefined;
      yield html`<tr class=${line.type}>
        <td class="number">${isLinkAfter ? before : renderNumber(place, 'b', line.before)}</td>
        <td class="number">${isLinkAfter ? renderNumber(place, 'a', line.after) : after}</td>
        <td class="sign">${signOf(line)}</td>
        <td class="line" dir="ltr">${renderLine(line, partner(hunk.lines, at))}</td></tr>`;
    }
  }
}

function renderNumber(
  { view, id, marks }: Place, side: 'a' | 'b', line: number | undefined,
): TemplateResult | typeof nothing {
  if (line === undefined) return nothing;
  const place = `${id}@${side}${line}`;
  const isCommented = marks.has(`${side}${line}`);
  return html`<a class="line-link ${isCommented ? 'is-commented' : ''}" tabindex="-1" href=${view.lineAddress(place)}
    data-line="${side}${line}" aria-label="Copy link to line ${line}${isCommented ? ', which has comments' : ''}"
    aria-current=${place === view.targetLine ? 'true' : nothing}
    @click=${(event: Event) => view.copyLink(event, undefined, place)}>${line}</a>`;
}

function renderSide(
  place: Place, line: DiffLine | undefined, other: DiffLine | undefined, side: 'before' | 'after',
): TemplateResult {
  if (!line) return html`<td class="number none"></td><td class="line none"></td>`;
  // Of a line that is on both sides, the right one has the link.
  const isLink = side === 'after' || line.after === undefined;
  return html`<td class="number ${line.type}">${
    isLink ? renderNumber(place, side === 'after' ? 'a' : 'b', line[side]) : line[side] ?? ''}</td>
    <td class="line ${line.type}" dir="ltr"><span class="sign">${signOf(line)}</span>${renderLine(line, other)}</td>`;
}

function renderLine(line: DiffLine, other: DiffLine | undefined): TemplateResult | string {
  const cut = (text: string) => visible(text.length > maxLineChars ? `${text.slice(0, maxLineChars)}…` : text);
  const isPair = other && line.type !== 'same' && other.type !== 'same' && line.type !== other.type;
  const middle = isPair && line.text.length < maxLineChars ? changedMiddle(line.text, other.text) : undefined;
  if (!middle || middle[1] <= middle[0]) return cut(line.text);
  return html`${cut(line.text.slice(0, middle[0]))}<mark>${cut(line.text.slice(middle[0], middle[1]))}</mark>${
    cut(line.text.slice(middle[1]))}`;
}

/** Returns the other side of a one-line edit. */
function partner(lines: readonly DiffLine[], at: number): DiffLine | undefined {
  const is = (index: number, type: string) => lines[index]?.type === type;
  if (is(at, 'removed') && is(at + 1, 'added') && !is(at - 1, 'removed') && !is(at + 2, 'added')) return lines[at + 1];
  if (is(at, 'added') && is(at - 1, 'removed') && !is(at - 2, 'removed') && !is(at + 1, 'added')) return lines[at - 1];
  return undefined;
}

function signOf(line: DiffLine): string {
  return line.type === 'added' ? '+' : line.type === 'removed' ? '−' : '';
}

function firstLines(hunks: readonly Hunk[], max: number): Hunk[] {
  const shown: Hunk[] = [];
  let left = max;
  for (const hunk of hunks) {
    if (left <= 0) break;
    shown.push(hunk.lines.length <= left ? hunk : { ...hunk, lines: hunk.lines.slice(0, left) });
    left -= hunk.lines.length;
  }
  return shown;
}
