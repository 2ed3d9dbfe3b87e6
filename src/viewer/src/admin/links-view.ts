import { html, nothing, type TemplateResult } from 'lit/html.js';
import { ago, count, dateTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { chosenLinks, isUsable, linksOf, type LinkFields, type LinkRow } from './links.ts';
import { pageOf, renderPager } from './pager.ts';

const sorts: readonly [LinkFields['sort'], string][] = [
  ['used', 'Last used'], ['made', 'Newest'], ['expires', 'First to expire'], ['name', 'Name'],
];

/** Renders the links to all shares that this token can see. */
export function renderLinks(app: AdminApp): TemplateResult {
  const links = linksOf(app.refs ?? [], app.shares ?? []);
  const fields = app.linkFields;
  const chosen = chosenLinks(links, fields, Date.now());
  const { rows, page, pages } = pageOf(chosen, app.page);
  const usable = chosen.filter(isUsable);
  const selected = usable.filter(({ ref }) => app.selected.has(ref.cap_id));
  const agents = [...new Set(links.map(({ agent }) => agent))].filter((agent) => agent !== '').sort();
  const set = (change: Partial<LinkFields>) => app.filterLinks(change);
  const value = (event: Event) => (event.target as HTMLInputElement).value;
  const option = (name: string, text: string, now: string) =>
    html`<option value=${name} ?selected=${name === now}>${text}</option>`;
  return html`<h1>Links</h1>
    <div class="filters" role="search">
      <label>Search <input class="field" type="search" .value=${fields.text}
        @input=${(event: Event) => set({ text: value(event) })} /></label>
      <label>State <select class="field" @change=${(event: Event) => set({ state: value(event) })}>
        ${['', 'active', 'suspended', 'expired', 'used_up', 'revoked'].map((state) =>
          option(state, state.replace('_', ' ') || 'all', fields.state))}</select></label>
      <label>Agent <select class="field" @change=${(event: Event) => set({ agent: value(event) })}>
        ${['', ...agents].map((agent) => option(agent, agent || 'all', fields.agent))}</select></label>
      <label>Not used for <select class="field"
        @change=${(event: Event) => set({ unusedDays: Number(value(event)) })}>
        ${[0, 1, 7, 30, 90].map((days) =>
          option(String(days), days === 0 ? 'any time' : plural(days, 'day'), String(fields.unusedDays)))}</select>
      </label>
      <label>Order <select class="field"
        @change=${(event: Event) => set({ sort: value(event) as LinkFields['sort'] })}>
        ${sorts.map(([name, text]) => option(name, text, fields.sort))}</select></label>
    </div>
    <p class="quiet" role="status">${app.refs ? plural(chosen.length, 'link') : 'Loading…'}</p>
    <div class="actions bulk">
      <label class="check"><input type="checkbox" .checked=${usable.length > 0 && selected.length === usable.length}
        ?disabled=${usable.length === 0} @change=${(event: Event) =>
          app.select(usable.map(({ ref }) => ref.cap_id), (event.target as HTMLInputElement).checked)} />
        Select all ${count(usable.length)} that can be revoked</label>
      <button class="button is-danger" type="button" ?disabled=${selected.length === 0}
        @click=${() => app.takeBack(selected)}>Revoke ${count(selected.length)} selected</button>
    </div>
    <table class="list" ?hidden=${chosen.length === 0}>
      <thead><tr><th scope="col"><span class="for-screen-readers">Selected</span></th><th scope="col">Link</th>
        <th scope="col">Session</th><th scope="col">State</th><th scope="col">Last used</th><th scope="col">Expires</th>
        <th scope="col">Held by</th><th scope="col"><span class="for-screen-readers">Revoke</span></th></tr></thead>
      <tbody>${rows.map((row) => renderLink(app, row))}</tbody>
    </table>
    ${renderPager(page, pages, (to) => app.goToPage(to))}`;
}

function renderLink(app: AdminApp, row: LinkRow): TemplateResult {
  const { ref, name } = row;
  const isMine = ref.cap_id === app.session?.capId;
  const canRevoke = isUsable(row) && !isMine;
  const used = ref.last_redeemed_ms;
  const expires = ref.caveats.expires_at_ms;
  const held = [...(row.holders > 0 ? [plural(row.holders, 'holder')] : []),
    ...(ref.live_handles > 0 ? [`${count(ref.live_handles)} live now`] : [])];
  return html`<tr>
    <td>${canRevoke ? html`<input type="checkbox" aria-label="Select ${name}" .checked=${app.selected.has(ref.cap_id)}
      @change=${(event: Event) => app.select([ref.cap_id], (event.target as HTMLInputElement).checked)} />`
      : nothing}</td>
    <th scope="row">${name}${row.agent ? html` <span class="quiet">by ${row.agent}</span>` : nothing}</th>
    <td data-name="Session"><a href="#share/${ref.share_id}">${row.share}</a></td>
    <td data-name="State"><span class="pill is-${ref.state}">${ref.state.replace('_', ' ')}</span></td>
    <td data-name="Last used">${used === undefined ? 'never' : html`<time datetime=${isoTime(used)}
      title=${dateTime(used)}>${ago(used, Date.now())}</time>`}</td>
    <td data-name="Expires">${expires === undefined ? 'never' : html`<time datetime=${isoTime(expires)}
      title=${dateTime(expires)}>${ago(expires, Date.now())}</time>`}</td>
    <td data-name="Held by">${held.join(', ')}</td>
    <td>${canRevoke ? html`<button class="button is-danger" type="button" aria-label="Revoke ${name}"
      @click=${() => app.takeBack([row])}>Revoke</button>` : nothing}</td>
  </tr>`;
}
