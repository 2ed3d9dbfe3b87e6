import { svg, html, type TemplateResult } from 'lit/html.js';

const paths = {
  completed: svg`<path d="M3.5 8.5 6.5 11.5 12.5 4.5" />`,
  error: svg`<path d="M4 4 12 12 M12 4 4 12" />`,
  pending: svg`<circle cx="8" cy="8" r="5" stroke-dasharray="2 2.5" />`,
  unfinished: svg`<circle cx="8" cy="8" r="5" /><path d="M5 8h6" />`,
  running: svg`<path d="M8 2.5 A5.5 5.5 0 1 1 2.5 8" />`,
  open: svg`<path d="M4 6 8 10 12 6" />`,
  folded: svg`<path d="M6 4 10 8 6 12" />`,
  search: svg`<circle cx="7" cy="7" r="4.5" /><path d="M10.5 10.5 14 14" />`,
  menu: svg`<path d="M2.5 4h11 M2.5 8h11 M2.5 12h7" />`,
  save: svg`<path d="M8 2.5v7.5 M4.5 7 8 10.5 11.5 7 M3 13.5h10" />`,
  theme: svg`<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5v11A5.5 5.5 0 0 0 8 2.5Z" fill="currentColor" />`,
  help: svg`<path d="M6 6a2 2 0 1 1 2.6 1.9C8 8.2 8 8.6 8 9.3 M8 11.8v.2" /><circle cx="8" cy="8" r="6" />`,
  comment: svg`<path d="M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z" />`,
  link: svg`<path
    d="M6.5 9.5 9.5 6.5 M7 4.5 8.6 2.9a3 3 0 0 1 4.4 4.3L11.5 9 M9 11.5 7.4 13.1a3 3 0 0 1-4.4-4.3L4.5 7" />`,
  down: svg`<path d="M8 3v9.5 M4 8.8 8 12.8 12 8.8" />`,
  close: svg`<path d="M4 4 12 12 M12 4 4 12" />`,
  up: svg`<path d="M4 10 8 6 12 10" />`,
  unfold: svg`<path d="M4.5 5.5 8 2 11.5 5.5 M4.5 10.5 8 14 11.5 10.5" />`,
  fold: svg`<path d="M4.5 2.5 8 6 11.5 2.5 M4.5 13.5 8 10 11.5 13.5" />`,
  file: svg`<path d="M4 2.5h5l3 3v8H4z M9 2.5v3h3" />`,
};

export type IconName = keyof typeof paths;

/** Hidden from screen readers. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon icon-${name}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"
    focusable="false" fill="none"
    stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${paths[name]}</svg>`;
}
