import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { AuditEntry } from '@sharerpc/client';
import { bytes, count, exactTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { nameOf } from './holders.ts';

export interface AuditFields {
  action: string;
  text: string;
}

const ACTIONS = [
  'create_root', 'create_share', 'attenuate', 'grant', 'revoke', 'suspend', 'resume', 'rotate', 'end_share', 'delete_share',
  'adopt', 'redeem', 'refused', 'append',
];

export function matching(
  entries: AuditEntry[], { action, text }: AuditFields, named: (id: string | undefined) => string = () => '',
): AuditEntry[] {
  const wanted = text.trim().toLowerCase();
  return entries.filter(
    (entry) =>
      (action === '' || entry.action === action) &&
      [
        entry.actor, entry.subject, entry.share_id, entry.address, entry.code,
        named(entry.actor), named(entry.subject), named(entry.share_id),
      ].some((value) => (value ?? '').toLowerCase().includes(wanted)),
  );
}

export function renderAudit(app: AdminApp): TemplateResult {
  const share = app.view.name === 'audit' ? app.view.share : undefined;
  const shown = matching(app.entries ?? [], app.auditFields, (id) => nameFor(app, id));
  const filter = (change: Partial<AuditFields>) => {
    app.auditFields = { ...app.auditFields, ...change };
    app.update();
  };
  return html`<h1>Audit trail</h1>
    ${share ? html`<p>Of the share <a href="#share/${share}"><code>${share}</code></a>. <a href="#audit">Show all</a></p>` : nothing}
    <div class="filters" role="search">
      <label>Action <select class="field" @change=${(event: Event) => filter({ action: (event.target as HTMLSelectElement).value })}>
        <option value="">all</option>${ACTIONS.map(
          (action) => html`<option value=${action} ?selected=${action === app.auditFields.action}>
          ${action.replace('_', ' ')}</option>`,
        )}</select></label>
      <label>Name, id, address or code <input class="field" type="search" .value=${app.auditFields.text}
        @input=${(event: Event) => filter({ text: (event.target as HTMLInputElement).value })} /></label>
    </div>
    <p class="quiet" role="status">${app.entries ? `${plural(shown.length, 'entry', 'entries')} of ${count(app.entries.length)} loaded`
      : 'Loading…'}</p>
    <table class="list" ?hidden=${shown.length === 0}>
      <thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">By</th><th scope="col">To</th><th scope="col">Share</th>
        <th scope="col">From</th></tr></thead>
      <tbody>${shown.map((entry) => renderEntry(app, entry))}</tbody>
    </table>
    ${
      app.nextEntry === undefined
        ? nothing
        : html`<button class="button" type="button"
      @click=${() => void app.loadAudit(undefined, app.nextEntry).catch((error: unknown) => app.fail(error))}>Load older entries</button>`
    }`;
}

function renderEntry(app: AdminApp, entry: AuditEntry): TemplateResult {
  const more = [
    ...(entry.code ? [entry.code] : []),
    ...(entry.count !== undefined ? [`${count(entry.count)} times`] : []),
    ...(entry.bytes !== undefined ? [bytes(entry.bytes)] : []),
  ];
  return html`<tr>
    <td data-name="Time"><time datetime=${isoTime(entry.time_ms)}>${exactTime(entry.time_ms)}</time></td>
    <th scope="row">${entry.action.replace('_', ' ')}
      ${more.length > 0 ? html` <span class="quiet">${more.join(', ')}</span>` : nothing}</th>
    <td data-name="By">${renderHolder(app, entry.actor)}</td>
    <td data-name="To">${renderHolder(app, entry.subject)}</td>
    <td data-name="Share">${entry.share_id ? renderShare(app, entry.share_id) : nothing}</td>
    <td data-name="From">${entry.address ?? ''}</td>
  </tr>`;
}

function renderHolder(app: AdminApp, id: string | undefined): TemplateResult | typeof nothing {
  const name = nameFor(app, id);
  return name === '' ? renderId(id) : html`<span title=${id ?? nothing}>${name}</span>`;
}

function renderShare(app: AdminApp, id: string): TemplateResult {
  return html`<a href="#share/${id}">${renderHolder(app, id)}</a>`;
}

function nameFor(app: AdminApp, id: string | undefined): string {
  if (id === undefined) return '';
  if (id === app.session?.capId) return 'you';
  const ref = app.holders?.find((known) => known.cap_id === id);
  return ref?.label ? nameOf(ref) : app.shares?.find((known) => known.share_id === id)?.label ?? '';
}

function renderId(id: string | undefined): TemplateResult | typeof nothing {
  return id ? html`<code title=${id}>${id.slice(0, 8)}</code>` : nothing;
}
