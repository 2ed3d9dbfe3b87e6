import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ShareInfo } from '@sharerpc/client';
import { count, dateTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';

/** Filters by name, id and state; latest activity first. */
export function chosen(shares: ShareInfo[], text: string, state: string): ShareInfo[] {
  const wanted = text.trim().toLowerCase();
  return shares
    .filter((share) => (state === '' || share.state === state) && `${share.label ?? ''}\n${share.share_id}`.toLowerCase().includes(wanted))
    .sort((a, b) => (b.last_append_ms ?? b.created_ms) - (a.last_append_ms ?? a.created_ms));
}

export function renderShares(app: AdminApp): TemplateResult {
  const shown = chosen(app.shares ?? [], app.search, app.stateFilter);
  return html`<h1>Shares</h1>
    <div class="filters" role="search">
      <label>Search <input class="field" type="search" .value=${app.search} @input=${(event: Event) => {
        app.search = (event.target as HTMLInputElement).value;
        app.update();
      }} /></label>
      <label>State <select class="field" @change=${(event: Event) => {
        app.stateFilter = (event.target as HTMLSelectElement).value;
        app.update();
      }}>${['', 'active', 'ended', 'deleted'].map((state) => html`<option value=${state} ?selected=${state === app.stateFilter}>
        ${state || 'all'}</option>`)}</select></label>
      <button class="button" type="button" @click=${() => void app.load()}>Refresh</button>
    </div>
    <p class="quiet" role="status">${app.shares ? plural(shown.length, 'share') : 'Loading…'}</p>
    ${app.shares?.length === 0
      ? html`<p class="empty card">Nothing is shared here yet: <code>sharerpc share</code> makes a share of an agent’s session.</p>`
      : app.shares && shown.length === 0 ? html`<p class="empty card">No share has this name or id, and this state.</p>` : nothing}
    <table class="list" ?hidden=${shown.length === 0}>
      <thead><tr><th scope="col">Share</th><th scope="col">State</th><th scope="col">Size</th><th scope="col">Last activity</th>
        <th scope="col">Live now</th></tr></thead>
      <tbody>${shown.map(renderRow)}</tbody>
    </table>`;
}

function renderRow(share: ShareInfo): TemplateResult {
  const at = share.last_append_ms ?? share.created_ms;
  return html`<tr>
    <th scope="row"><a href="#share/${share.share_id}">${share.label || share.share_id}</a></th>
    <td data-name="State"><span class="pill is-${share.state}">${share.state}</span></td>
    <td data-name="Size">${plural(share.cursor, 'op')}</td>
    <td data-name="Last activity"><time datetime=${isoTime(at)}>${dateTime(at)}</time></td>
    <td data-name="Live now">${count(share.live_handles)}</td>
  </tr>`;
}
