import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../shared/format.ts';
import { textChunks } from '../text/chunks.ts';
import { asShown } from '../text/terminal.ts';
import { clip, visible, visibleOutput, type Clipped } from '../text/visible.ts';
import { renderCopy } from './copy.ts';
import type { View } from './view.ts';

const foldedLines = 12;
const foldedChars = 4000;
const maxLines = 5000;
const maxChars = 400_000;
const maxKept = 50;

interface Shown {
  value: string;
  written: string;
  folded: Clipped;
  all: Clipped;
}

const shownTexts = new WeakMap<View, Map<string, Shown>>();

/** Frames and labels tool text, so that it cannot imitate this page. `isProgram`: a terminal would show it. */
export function renderOutput(view: View, id: string, label: string, value: string, isError = false,
  isProgram = true): TemplateResult {
  if (value === '') return html`<p class="quiet">No ${label.toLowerCase()}.</p>`;
  const isAll = view.isOpen(`${id}:all`, false);
  const { written, folded, all } = shownOf(view, id, value, isProgram);
  const shown = isAll ? all : folded;
  return html`
    <div class="output ${isError ? 'is-error' : ''}">
      <div class="output-label">${label}${renderCopy(view, label.toLowerCase(), () => written)}</div>
      <pre tabindex="0" role="group" aria-label=${label}>${isAll && folded.isClipped
        ? view.grown(`${id}:all`, [value], () => textChunks(visibleOutput(all.text))) : visibleOutput(shown.text)}</pre>
      ${folded.isClipped ? renderMore(view, id, isAll, shown.hiddenLines, shown.isClipped) : nothing}
    </div>`;
}

/** Returns what a terminal would have shown of an output, folded and not. Kept while the page is. */
function shownOf(view: View, id: string, value: string, isProgram: boolean): Shown {
  let known = shownTexts.get(view);
  if (!known) shownTexts.set(view, (known = new Map()));
  const last = known.get(id);
  if (last?.value === value) return last;
  const start = value.slice(0, maxChars);
  const written = (isProgram ? asShown(start) : visible(start)) + value.slice(maxChars);
  const shown = {
    value, written, folded: clip(written, foldedLines, foldedChars), all: clip(written, maxLines, maxChars),
  };
  if (known.size >= maxKept) known.clear();
  known.set(id, shown);
  return shown;
}

export function renderMore(view: View, id: string, isAll: boolean, hiddenLines: number,
  isClipped: boolean): TemplateResult {
  if (isAll && isClipped) {
    const left = hiddenLines > 0 ? `${plural(hiddenLines, 'more line')} not` : 'The rest is not';
    return html`<p class="quiet">${left} shown here: the export has ${hiddenLines > 0 ? 'them' : 'it'}.</p>`;
  }
  const label = isAll ? 'Show less' : hiddenLines > 0 ? `Show ${plural(hiddenLines, 'more line')}` : 'Show all';
  return html`<button type="button" class="more" aria-expanded=${isAll}
    @click=${() => view.toggle(`${id}:all`, false)}>${label}</button>`;
}

export function renderInput(view: View, id: string,
  input: Readonly<Record<string, unknown>>): TemplateResult | typeof nothing {
  const entries = Object.entries(input);
  if (entries.length === 0) return nothing;
  return html`<dl class="input">${entries.slice(0, 40).map(([name, value]) => {
    const written = typeof value === 'string' ? value : jsonOf(value);
    const isLong = written.includes('\n') || written.length > 100;
    return html`<dt>${visible(name.slice(0, 200))}</dt><dd>${
      isLong ? renderOutput(view, `${id}:in:${name.slice(0, 200)}`, 'Input', written, false, false)
        : html`<code>${visible(written)}</code>`}</dd>`;
  })}</dl>`;
}

const writtenValues = new WeakMap<object, string>();

/** Returns a value as JSON, or says that it is too large for that. An object is written once. */
export function jsonOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  let written = writtenValues.get(value);
  if (written === undefined) {
    written = isLarge(value) ? 'Too large to show here: the export has it.' : JSON.stringify(value, null, 2);
    writtenValues.set(value, written);
  }
  return written;
}

function isLarge(value: unknown): boolean {
  const left = [value];
  for (let size = 0; left.length > 0;) {
    const each = left.pop();
    size += typeof each === 'string' ? each.length : 10;
    if (size > maxChars || (Array.isArray(each) && each.length > maxChars / 10)) return true;
    for (const name in typeof each === 'object' ? each : null) {
      size += name.length;
      left.push((each as Record<string, unknown>)[name]);
      if (size > maxChars) return true;
    }
  }
  return false;
}
