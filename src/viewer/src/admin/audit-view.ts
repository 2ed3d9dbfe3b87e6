import { html, nothing, type TemplateResult } from 'lit/html.js';
import { isId, type AuditEntry } from '@sharerpc/client';
import { bytes, count, exactTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { nameOf } from './holders.ts';
import type { AuditFilter } from './session.ts';

/** What was typed; times are of the browser's time zone. */
export interface AuditFields {
  action: string;
  who: string;
  address: string;
  code: string;
  since: string;
  until: string;
}

export const NO_FIELDS: AuditFields = { action: '', who: '', address: '', code: '', since: '', until: '' };

const ACTIONS = [
  'create_root', 'create_share', 'attenuate', 'grant', 'revoke', 'suspend', 'resume', 'rotate', 'end_share',
  'keep_share', 'delete_share', 'adopt', 'redeem', 'refused', 'append',
];

/** Whoever has a name on the page. */
export interface Named {
  id: string;
  label: string;
  isShare: boolean;
}

/** Returns what the server is asked for. Errors are for users. */
export function filterOf(fields: AuditFields, named: readonly Named[]): AuditFilter {
  const { action, code } = fields;
  const [who, address] = [fields.who.trim(), fields.address.trim()];
  const since = momentOf(fields.since);
  const until = momentOf(fields.until);
  if (since !== undefined && until !== undefined && since > until)
    throw new Error('The first time is after the second.');
  return {
    ...whoIs(who, named),
    ...(action && { action }),
    ...(address && { address: address.slice(0, 64) }),
    ...(code && { code: code.trim().slice(0, 64) }),
    ...(since !== undefined && { since_ms: since }),
    ...(until !== undefined && { until_ms: until }),
  };
}

function whoIs(text: string, named: readonly Named[]): AuditFilter {
  if (text === '') return {};
  const wanted = text.toLowerCase();
  const isPart = ({ id, label }: Named) =>
    label.toLowerCase().includes(wanted) || (text.length >= 6 && id.startsWith(text));
  const exact = named.filter((each) => each.id === text || each.label.toLowerCase() === wanted);
  const found = exact.length > 0 ? exact : named.filter(isPart);
  if (found.length === 1) return found[0]!.isShare ? { shareId: found[0]!.id } : { cap_id: found[0]!.id };
  if (found.length > 1)
    throw new Error(`${count(found.length)} names fit “${text}”. Type the whole name, or an id.`);
  if (isId(text)) return { cap_id: text };
  throw new Error(`Nothing here has the name or id “${text}”.`);
}

function momentOf(text: string): number | undefined {
  const moment = text === '' ? Number.NaN : new Date(text).getTime();
  return moment >= 0 ? moment : undefined;
}

export function renderAudit(app: AdminApp): TemplateResult {
  const share = app.view.name === 'audit' ? app.view.share : undefined;
  const shown = app.entries ?? [];
  const set = (name: keyof AuditFields) => (event: Event) =>
    app.filterAudit({ [name]: (event.target as HTMLInputElement).value });
  const field = (name: keyof AuditFields, label: string, type: string, list?: string) => html`<label>${label}
    <input class="field" type=${type} maxlength="200" list=${list ?? nothing} .value=${app.auditFields[name]}
      @change=${set(name)} /></label>`;
  const more = app.nextEntry === undefined ? '' : ', newest first; there are more';
  const waits = app.auditTrouble ? '' : 'Loading…';
  const said = app.entries ? `${plural(shown.length, 'entry', 'entries')}${more}` : waits;
  return html`<h1>Audit trail</h1>
    ${share ? html`<p>Of the share <a href="#share/${share}"><code>${share}</code></a>. <a
      href="#audit">Show all</a></p>` : nothing}
    <div class="filters" role="search">
      <label>Action <select class="field" @change=${set('action')}>
        <option value="">all</option>${ACTIONS.map(
          (action) => html`<option value=${action} ?selected=${action === app.auditFields.action}>
          ${action.replace('_', ' ')}</option>`,
        )}</select></label>
      ${field('who', 'Name or id', 'search', 'names')}
      ${field('address', 'Address', 'search')} ${field('code', 'Error', 'search')}
      ${field('since', 'From', 'datetime-local')} ${field('until', 'Before', 'datetime-local')}
      <button class="button" type="button" ?disabled=${!app.entries || app.entries.length === 0}
        @click=${() => void app.saveAudit()}>Download</button>
      <datalist id="names">${app.named().map((each) => html`<option value=${each.label}></option>`)}</datalist>
    </div>
    ${app.auditTrouble ? html`<p class="trouble" role="alert">${app.auditTrouble}</p>` : nothing}
    <p class="quiet" role="status">${said}</p>
    <table class="list" ?hidden=${shown.length === 0}>
      <thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">By</th><th scope="col">To</th><th
        scope="col">Share</th>
        <th scope="col">From</th></tr></thead>
      <tbody>${shown.map((entry) => renderEntry(app, entry))}</tbody>
    </table>
    ${
      app.nextEntry === undefined
        ? nothing
        : html`<button class="button" type="button"
      @click=${() => void app.loadAudit(undefined, app.nextEntry).catch((error: unknown) =>
        app.fail(error))}>Load older entries</button>`
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
  const ref = (app.holders ?? app.refs)?.find((known) => known.cap_id === id);
  return ref?.label ? nameOf(ref) : app.shares?.find((known) => known.share_id === id)?.label ?? '';
}

function renderId(id: string | undefined): TemplateResult | typeof nothing {
  return id ? html`<code title=${id}>${id.slice(0, 8)}</code>` : nothing;
}
