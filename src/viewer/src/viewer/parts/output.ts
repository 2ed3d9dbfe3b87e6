import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../shared/format.ts';
import { asShown, isForTerminal } from '../text/terminal.ts';
import { clip, visible, visibleOutput } from '../text/visible.ts';
import { renderCopy } from './copy.ts';
import type { View } from './view.ts';

const foldedLines = 12;
const foldedChars = 4000;
const maxLines = 5000;
const maxChars = 400_000;
const maxKept = 50;
const shownTexts = new WeakMap<View, Map<string, { value: string; shown: string }>>();

/** Frames and labels tool text, so that it cannot imitate this page. */
export function renderOutput(view: View, id: string, label: string, value: string, isError = false): TemplateResult {
  if (value === '') return html`<p class="quiet">No ${label.toLowerCase()}.</p>`;
  const isAll = view.isOpen(`${id}:all`, false);
  const written = shownOf(view, id, value);
  const folded = clip(written, foldedLines, foldedChars);
  const shown = isAll ? clip(written, maxLines, maxChars) : folded;
  return html`
    <div class="output ${isError ? 'is-error' : ''}">
      <div class="output-label">${label}${renderCopy(view, label.toLowerCase(), () => written)}</div>
      <pre tabindex="0" role="group" aria-label=${label}>${visibleOutput(shown.text)}</pre>
      ${folded.isClipped ? renderMore(view, id, isAll, shown.hiddenLines, shown.isClipped) : nothing}
    </div>`;
}

/** Returns what a terminal would have shown of an output, before it is folded. Kept while the page is. */
function shownOf(view: View, id: string, value: string): string {
  if (!isForTerminal(value)) return value;
  let known = shownTexts.get(view);
  if (!known) shownTexts.set(view, (known = new Map()));
  const last = known.get(id);
  if (last?.value === value) return last.shown;
  const shown = asShown(value.slice(0, maxChars)) + value.slice(maxChars);
  if (known.size >= maxKept) known.clear();
  known.set(id, { value, shown });
  return shown;
}

export function renderMore(view: View, id: string, isAll: boolean, hiddenLines: number, isClipped: boolean): TemplateResult {
  if (isAll && isClipped) {
    return html`<p class="quiet">${plural(hiddenLines, 'more line')} not shown here: the export has them.</p>`;
  }
  const label = isAll ? 'Show less' : hiddenLines > 0 ? `Show ${plural(hiddenLines, 'more line')}` : 'Show all';
  return html`<button type="button" class="more" aria-expanded=${isAll} @click=${() => view.toggle(`${id}:all`, false)}>${label}</button>`;
}

export function renderInput(view: View, id: string, input: Readonly<Record<string, unknown>>): TemplateResult | typeof nothing {
  const entries = Object.entries(input);
  if (entries.length === 0) return nothing;
  return html`<dl class="input">${entries.slice(0, 40).map(([name, value]) => {
    const written = typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '';
    const isLong = written.includes('\n') || written.length > 100;
    return html`<dt>${visible(name)}</dt><dd>${isLong ? renderOutput(view, `${id}:in:${name}`, 'Input', visible(written))
      : html`<code>${visible(written)}</code>`}</dd>`;
  })}</dl>`;
}
