import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ShareInfo } from '@sharerpc/client';
import { count, dateTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { pageOf, renderPager } from './pager.ts';

/** What the list is sorted by. */
export type ShareOrder = 'activity' | 'name' | 'size' | 'live';

const orders: Record<ShareOrder, (a: ShareInfo, b: ShareInfo) => number> = {
  activity: (a, b) => (b.last_append_ms ?? b.created_ms) - (a.last_append_ms ?? a.created_ms),
  name: (a, b) => ((a.label ?? '') < (b.label ?? '') ? -1 : (a.label ?? '') > (b.label ?? '') ? 1 : 0),
  size: (a, b) => b.cursor - a.cursor,
  live: (a, b) => b.live_handles - a.live_handles,
};

const orderNames: readonly [ShareOrder, string][] = [
  ['activity', 'Last activity'], ['name', 'Name'], ['size', 'Size'], ['live', 'Live now'],
];

/** Filters by name, id and state; latest activity first, or in another order. */
export function chosen(
  shares: ShareInfo[], text: string, state: string, order: ShareOrder = 'activity',
): ShareInfo[] {
  const wanted = text.trim().toLowerCase();
  return shares
    .filter((share) => (state === '' || share.state === state)
      && `${share.label ?? ''}\n${share.share_id}`.toLowerCase().includes(wanted))
    .sort(orders[order]);
}

export function renderShares(app: AdminApp): TemplateResult {
  const shown = chosen(app.shares ?? [], app.search, app.stateFilter, app.shareOrder);
  const { rows, page, pages } = pageOf(shown, app.page);
  return html`<h1>Shares</h1>
    <div class="filters" role="search">
      <label>Search <input class="field" type="search" .value=${app.search} @input=${(event: Event) => {
        app.search = (event.target as HTMLInputElement).value;
        app.goToPage(0);
      }} /></label>
      <label>State <select class="field" @change=${(event: Event) => {
        app.stateFilter = (event.target as HTMLSelectElement).value;
        app.goToPage(0);
      }}>${['', 'active', 'ended', 'deleted'].map((state) =>
        html`<option value=${state} ?selected=${state === app.stateFilter}>
        ${state || 'all'}</option>`)}</select></label>
      <label>Order <select class="field" @change=${(event: Event) => {
        app.shareOrder = (event.target as HTMLSelectElement).value as ShareOrder;
        app.goToPage(0);
      }}>${orderNames.map(([order, text]) => html`
        <option value=${order} ?selected=${order === app.shareOrder}>${text}</option>`)}</select></label>
      <button class="button" type="button" @click=${() => void app.load()}>Refresh</button>
    </div>
    <p class="quiet" role="status">${app.shares ? plural(shown.length, 'share') : 'Loading…'}</p>
    ${app.shares?.length === 0
      ? html`<p class="empty card">Nothing is shared here yet: <code>sharerpc share</code> makes a share of an agent’s
        session.</p>`
      : app.shares && shown.length === 0 ? html`<p class="empty card">No share has this name or id, and this state.</p>`
        : nothing}
    <table class="list" ?hidden=${shown.length === 0}>
      <thead><tr><th scope="col">Share</th><th scope="col">State</th><th scope="col">Size</th><th
        scope="col">Last activity</th>
        <th scope="col">Live now</th></tr></thead>
      <tbody>${rows.map(renderRow)}</tbody>
    </table>
    ${renderPager(page, pages, (to) => app.goToPage(to))}`;
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
