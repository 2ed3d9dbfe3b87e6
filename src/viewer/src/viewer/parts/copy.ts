import { html, type TemplateResult } from 'lit/html.js';
import type { View } from './view.ts';

/** Copies a text. `what` it is, in words for whoever hears the page. */
export function renderCopy(view: View, what: string, text: () => string): TemplateResult {
  return html`<button type="button" class="copy" aria-label="Copy ${what}" title="Copy ${what}"
    @click=${(event: Event) => view.copy(event, what, text)}>Copy</button>`;
}
