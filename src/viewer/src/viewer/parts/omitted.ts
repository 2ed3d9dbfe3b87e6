import { html, type TemplateResult } from 'lit/html.js';
import { fields, number, text } from '../session/fields.ts';
import { oneLine } from '../text/visible.ts';

const reasons = new Map([
  ['too_large', 'larger than a share takes'],
  ['too_deep', 'nested deeper than a share takes'],
  ['invalid_utf8', 'not text'],
  ['invalid_json', 'not a document'],
]);

/** Returns whether a document stands for one that could not be sent (SPEC, section 7). */
export function isOmitted(data: unknown): boolean {
  return number(data, 'omitted', 'size') !== undefined;
}

/** Renders what stands in the place of a document that could not be sent. */
export function renderOmitted(data: unknown): TemplateResult {
  const size = number(data, 'omitted', 'size') ?? 0;
  const reason = reasons.get(text(data, 'omitted', 'reason')) ?? 'not sent';
  const name = oneLine(text(data, 'omitted', 'name') || text(fields(data), 'type') || 'part', 120);
  return html`<p class="note is-warning">Left out: ${name} (${size.toLocaleString('en')} bytes), ${reason}</p>`;
}
