import { html, nothing, type TemplateResult } from 'lit/html.js';
import { count } from '../shared/format.ts';

/** Rows of a page. */
export const pageSize = 100;

/** Returns the rows of a page, or of the last one if there are fewer. */
export function pageOf<T>(rows: readonly T[], page: number): { rows: readonly T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const at = Math.min(Math.max(0, page), pages - 1);
  return { rows: rows.slice(at * pageSize, (at + 1) * pageSize), page: at, pages };
}

export function renderPager(page: number, pages: number, go: (page: number) => void): TemplateResult | typeof nothing {
  if (pages < 2) return nothing;
  const button = (text: string, to: number, isOff: boolean) => html`<button class="button" type="button"
    ?disabled=${isOff} @click=${() => go(to)}>${text}</button>`;
  return html`<nav class="pager" aria-label="Pages">${button('Previous', page - 1, page === 0)}
    <span class="quiet">Page ${count(page + 1)} of ${count(pages)}</span>
    ${button('Next', page + 1, page === pages - 1)}</nav>`;
}
