import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../shared/format.ts';
import { clip, visible, visibleOutput } from '../text/visible.ts';
import type { View } from './view.ts';

const foldedLines = 12;
const foldedChars = 4000;
const maxLines = 5000;
const maxChars = 400_000;

/**
 * Text of a tool, always in a frame of its own with a label, whatever it holds: it can look like anything, but not like
 * this page.
 */
export function renderOutput(view: View, id: string, label: string, value: string, isError = false): TemplateResult {
  if (value === '') return html`<p class="quiet">No ${label.toLowerCase()}.</p>`;
  const isAll = view.isOpen(`${id}:all`, false);
  const folded = clip(value, foldedLines, foldedChars);
  const shown = isAll ? clip(value, maxLines, maxChars) : folded;
  return html`
    <div class="output ${isError ? 'is-error' : ''}">
      <div class="output-label">${label}</div>
      <pre tabindex="0" role="group" aria-label=${label}>${visibleOutput(shown.text)}</pre>
      ${folded.isClipped ? renderMore(view, id, isAll, shown.hiddenLines, shown.isClipped) : nothing}
    </div>`;
}

/** Renders the button that unfolds a text, or a note that the rest is too long for a page. */
export function renderMore(view: View, id: string, isAll: boolean, hiddenLines: number, isClipped: boolean): TemplateResult {
  if (isAll && isClipped) {
    return html`<p class="quiet">${plural(hiddenLines, 'more line')} not shown here: the export has them.</p>`;
  }
  const label = isAll ? 'Show less' : hiddenLines > 0 ? `Show ${plural(hiddenLines, 'more line')}` : 'Show all';
  return html`<button type="button" class="more" aria-expanded=${isAll} @click=${() => view.toggle(`${id}:all`, false)}>${label}</button>`;
}

/** Renders a tool's input by name: short values in a line, long ones in a frame. */
export function renderInput(view: View, id: string, input: Readonly<Record<string, unknown>>): TemplateResult | typeof nothing {
  const entries = Object.entries(input);
  if (entries.length === 0) return nothing;
  return html`<dl class="input">${entries.slice(0, 40).map(([name, value]) => {
    const written = typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '';
    const isLong = written.includes('\n') || written.length > 100;
    return html`<dt>${visible(name)}</dt><dd>${isLong ? renderOutput(view, `${id}:in:${name}`, 'Input', written)
      : html`<code>${visible(written)}</code>`}</dd>`;
  })}</dl>`;
}
