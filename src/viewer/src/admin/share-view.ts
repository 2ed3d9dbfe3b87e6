import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { CapabilityInfo, Right } from '@sharerpc/client';
import { count, dateTime, isoTime, plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { nameOf, sayCaveats, treeOf, type Holder } from './holders.ts';

/** Returns the rights of the future parent ref. */
export function rightsToGive(app: AdminApp, shareId: string): Right[] {
  const { session } = app;
  if (!session) return [];
  if (session.onlyShare) return session.rights;
  const owner = ownerOf(app, shareId);
  return app.holders?.find((ref) => ref.cap_id === owner)?.rights ?? [];
}

function ownerOf(app: AdminApp, shareId: string): string | undefined {
  // Share links do not know the owner's ref.
  return app.session?.onlyShare ? undefined : app.shares?.find((share) => share.share_id === shareId)?.owner_cap_id;
}

export function renderShare(app: AdminApp, id: string): TemplateResult {
  const share = app.shares?.find((known) => known.share_id === id);
  const session = app.session!;
  if (!session.may('revoke')) {
    return html`<h1>${share?.label || 'Share'}</h1><p>This link does not include the right to see who holds
      access.</p>`;
  }
  const isAlive = share?.state !== 'deleted';
  // Holders determine what may be given and what a deletion ends.
  const waits = !app.holders;
  const toOpen = (text: string, kind: string, name: 'invite' | 'delete') =>
    html`<button class="button ${kind}" type="button" ?disabled=${waits}
      @click=${() => app.open({ name, shareId: id })}>${text}</button>`;
  return html`<h1>${share?.label || 'Share'}</h1>
    <p class="quiet"><code>${id}</code> ${share ? html`· ${share.state} · ${plural(share.cursor, 'op')}` : nothing}</p>
    <div class="actions">
      ${session.may('attenuate') && isAlive ? toOpen('Invite', 'is-primary', 'invite') : nothing}
      <a class="button" href="#audit/${id}">Audit</a>
      <button class="button" type="button" @click=${() => void app.load()}>Refresh</button>
      ${session.may('create') && isAlive ? toOpen('Delete', 'is-danger', 'delete') : nothing}
    </div>
    <h2 id="holders">Who holds access</h2>
    ${app.holders ? nothing : html`<p role="status">Loading…</p>`}
    ${renderTree(app, id, treeOf((app.holders ?? []).filter((ref) => ref.share_id === id)), 'holders')}`;
}

function renderTree(app: AdminApp, shareId: string, holders: Holder[],
  labelledBy?: string): TemplateResult | typeof nothing {
  if (holders.length === 0) return nothing;
  return html`<ul class="tree" aria-labelledby=${labelledBy ?? nothing}>${holders.map(({ ref, children }) => html`<li>
    ${renderRef(app, shareId, ref)}${renderTree(app, shareId, children)}</li>`)}</ul>`;
}

function renderRef(app: AdminApp, shareId: string, ref: CapabilityInfo): TemplateResult {
  const caveats = [...sayCaveats(ref.caveats, ref.uses), ...(ref.passphrase ? ['asks for a passphrase'] : [])];
  const seen = ref.last_redeemed_ms;
  const isLive = ref.state === 'active' && ref.live_handles > 0;
  return html`<article class="card holder" aria-label=${nameOf(ref)}>
    <div class="holder-head"><h3>${nameOf(ref)}</h3>
      <span class="pill is-${ref.state}">${ref.state.replace('_', ' ')}</span>
      ${isLive
        ? html`<span class="pill is-live">${count(ref.live_handles)} live now</span>` : nothing}
      ${ref.cap_id === ownerOf(app, shareId) ? html`<span class="pill">owner</span>` : nothing}
      ${ref.cap_id === app.session!.capId ? html`<span class="pill">you</span>` : nothing}</div>
    <p>May ${ref.rights.join(', ')}${caveats.length > 0 ? html`; ${caveats.join('; ')}` : nothing}</p>
    <p class="quiet">Last seen ${isLive ? 'now' : seen ? html`<time datetime=${isoTime(seen)}>${dateTime(seen)}</time>`
      : 'never'} · made
      <time datetime=${isoTime(ref.created_ms)}>${dateTime(ref.created_ms)}</time> · <code>${ref.cap_id}</code></p>
    ${renderActions(app, shareId, ref)}
  </article>`;
}

function renderActions(app: AdminApp, shareId: string, ref: CapabilityInfo): TemplateResult | typeof nothing {
  if (!['active', 'suspended', 'used_up', 'expired'].includes(ref.state)) return nothing;
  const session = app.session!;
  const name = nameOf(ref);
  const button = (text: string, act: () => void, kind = '') =>
    html`<button class="button ${kind}" type="button" aria-label="${text} ${name}" @click=${act}>${text}</button>`;
  // Suspending or rotating the session's own ref would end it. Grants can only be revoked.
  const isFixed = ref.cap_id === session.capId || ref.grant;
  return html`<div class="actions">
    ${isFixed || ref.state !== 'active' ? nothing
      : button('Suspend', () => void app.act(`${name} is suspended.`, () => session.suspend(ref.cap_id)))}
    ${ref.state === 'suspended' ? button('Resume', () => void app.act(`${name} is resumed.`,
      () => session.resume(ref.cap_id))) : nothing}
    ${isFixed ? nothing : button('New link', () => app.open({ name: 'rotate', shareId, capId: ref.cap_id }))}
    ${button('Revoke', () => app.open({ name: 'revoke', capId: ref.cap_id }), 'is-danger')}
  </div>`;
}
