import { html, nothing, type TemplateResult } from 'lit/html.js';
import { ago, dateTime, isoTime, timeOfDay } from '../../shared/format.ts';
import type { View } from './view.ts';

/** A time of day, or how long ago it was; pressed, it shows the other of all times. */
export function renderTime(view: View, time: number | undefined): TemplateResult | typeof nothing {
  if (time === undefined) return nothing;
  const shown = view.isRelative ? ago(time, Date.now()) : timeOfDay(time);
  const exact = dateTime(time);
  const other = view.isRelative ? 'Show times of day' : 'Show how long ago';
  return html`<button type="button" class="time" title="${exact}. ${other}" aria-label="${shown}, ${exact}. ${other}"
    @click=${() => view.toggleTimes()}><time datetime=${isoTime(time)}>${shown}</time></button>`;
}
