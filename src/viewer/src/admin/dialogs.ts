import { html, type TemplateResult } from 'lit/html.js';
import type { Redaction, Right } from '@sharerpc/client';
import { plural } from '../shared/format.ts';
import type { AdminApp } from './app.ts';
import { findHolder, nameOf, reachOf, sayReach, treeOf, withDescendants } from './holders.ts';
import { invite, lifetimes, rotate } from './invitation.ts';
import { rightsToGive } from './share-view.ts';

export type Dialog =
  | { name: 'invite'; shareId: string }
  | { name: 'link'; title: string; link: string }
  | { name: 'rotate'; shareId: string; capId: string }
  | { name: 'revoke'; capId: string }
  | { name: 'delete'; shareId: string };

export function renderDialog(app: AdminApp, dialog: Dialog): TemplateResult {
  return html`<dialog aria-labelledby="dialog-title" @close=${() => app.open(undefined)}>${renderInside(app,
    dialog)}</dialog>`;
}

function renderInside(app: AdminApp, dialog: Dialog): TemplateResult {
  switch (dialog.name) {
    case 'invite':
      return renderInvite(app, dialog.shareId);
    case 'link':
      return renderLink(app, dialog.title, dialog.link);
    case 'rotate':
      return renderRotate(app, dialog.shareId, dialog.capId);
    case 'revoke':
      return renderRevoke(app, dialog.capId);
    default:
      return renderDelete(app, dialog.shareId);
  }
}

function form(
  app: AdminApp,
  title: string,
  inside: TemplateResult,
  verb: string,
  kind: string,
  submit: (fields: FormData) => Promise<void>,
) {
  return html`<form class="dialog" @submit=${async (event: SubmitEvent) => {
    event.preventDefault();
    const target = event.currentTarget as HTMLFormElement;
    const button = target.querySelector<HTMLButtonElement>('[data-submit]')!;
    button.disabled = true;
    try {
      await submit(new FormData(target));
    } catch (error) {
      app.dialog = undefined;
      app.fail(error);
    } finally {
      button.disabled = false;
    }
  }}>
    <h2 id="dialog-title">${title}</h2>
    ${inside}
    <div class="actions">
      <button class="button ${kind}" data-submit>${verb}</button>
      <button class="button" type="button" ?autofocus=${kind === 'is-danger-now'}
        @click=${() => app.open(undefined)}>Cancel</button>
    </div>
  </form>`;
}

const checkbox = (name: string, value: string, text: string, isChecked = false) =>
  html`<label class="check"><input type="checkbox" name=${name} value=${value} ?checked=${isChecked}
    /> ${text}</label>`;

const rightNames: Partial<Record<Right, string>> = {
  append: 'append (write to it)', attenuate: 'attenuate (invite others)', revoke: 'revoke (take access back)',
  end: 'end (close the session for good)', comment: 'comment (on what it reads)',
  presence: 'presence (see who is here, and be seen)',
};

function renderInvite(app: AdminApp, shareId: string): TemplateResult {
  const inside = html`
    <label for="label">Name</label>
    <input id="label" name="label" class="field" maxlength="200" placeholder="For whom, or for what" autofocus />
    <fieldset><legend>May</legend>
      ${rightsToGive(app, shareId).map((right) => checkbox('rights', right, rightNames[right] ?? right,
        right === 'read'))}</fieldset>
    <fieldset><legend>Hide</legend>${checkbox('redact', 'tools', 'what tools were given and answered')}
      ${checkbox('redact', 'reasoning', 'reasoning')}${checkbox('redact', 'files', 'files, diffs and tools')}
      ${checkbox('no_comments', 'true', 'comments')}</fieldset>
    <label for="lifetime">Good for</label><select id="lifetime" name="lifetime" class="field">
      ${lifetimes.map(({ value, text }) => html`<option value=${value}
        ?selected=${value === 'week'}>${text}</option>`)}</select>
    <label for="uses">How often it may be opened</label>
    <input id="uses" name="uses" class="field" type="number" min="1" max="1000000" placeholder="any number of times" />
    <label for="passphrase">Passphrase</label>
    <input id="passphrase" name="passphrase" class="field" type="password" autocomplete="new-password" maxlength="1024"
      placeholder="none" />`;
  return form(app, 'Invite', inside, 'Make the link', 'is-primary', async (fields) => {
    const rights = fields.getAll('rights') as Right[];
    if (rights.length === 0) throw new Error('An invitation needs at least one right.');
    const link = await invite(app.session!, shareId, {
      label: String(fields.get('label')),
      rights,
      redact: fields.getAll('redact') as Redaction[],
      hidesComments: fields.get('no_comments') !== null,
      lifetimeMs: lifetimes.find(({ value }) => value === fields.get('lifetime'))?.ms,
      maxUses: fields.get('uses') ? Number(fields.get('uses')) : undefined,
      passphrase: String(fields.get('passphrase')),
    });
    app.dialog = { name: 'link', title: 'The link is made', link };
    await app.load();
    app.update();
  });
}

function renderLink(app: AdminApp, title: string, link: string): TemplateResult {
  return html`<div class="dialog"><h2 id="dialog-title">${title}</h2>
    <p>It is shown this once: whoever has it has the access. Copy it now.</p>
    <label for="link">Link</label><input id="link" class="field" readonly .value=${link} @focus=${(event: Event) =>
      (event.target as HTMLInputElement).select()} />
    <div class="actions">
      <button class="button is-primary" type="button" autofocus @click=${(event: Event) => void copy(event,
        link)}>Copy</button>
      <button class="button" type="button" @click=${() => app.open(undefined)}>Done</button>
    </div><p role="status" class="quiet" data-copied></p></div>`;
}

async function copy(event: Event, link: string): Promise<void> {
  const box = (event.target as HTMLElement).closest('.dialog')!;
  const said = box.querySelector('[data-copied]')!;
  try {
    await navigator.clipboard.writeText(link);
    said.textContent = 'Copied.';
  } catch {
    // Clipboard needs https: selects the link instead.
    box.querySelector('input')!.focus();
    said.textContent = 'Press Ctrl+C to copy it.';
  }
}

function renderRotate(app: AdminApp, shareId: string, capId: string): TemplateResult {
  const ref = app.holders?.find((known) => known.cap_id === capId);
  const inside = html`<p>${ref && nameOf(ref)} gets a new link. The old one is dead at once, and so is what was derived
    from it.</p>
    <p class="will">This cuts off: ${sayReach(reachOf(subtree(app, capId)))}.</p>
    ${
      ref?.passphrase
        ? html`<label for="passphrase">Passphrase of the new link</label>
      <input id="passphrase" name="passphrase" class="field" type="password" autocomplete="new-password"
        maxlength="1024" required />`
        : ''
    }`;
  return form(app, 'New link', inside, 'Make a new link', 'is-primary', async (fields) => {
    const link = await rotate(app.session!, shareId, capId, fields.get('passphrase')?.toString());
    app.dialog = { name: 'link', title: 'The new link', link };
    await app.load();
    app.update();
  });
}

function renderRevoke(app: AdminApp, capId: string): TemplateResult {
  const refs = subtree(app, capId);
  const name = refs[0] ? nameOf(refs[0]) : 'this access';
  const derived = refs.length - 1;
  const derivedToo = derived > 0 ? ` and ${plural(derived, 'access', 'accesses')} derived from it` : '';
  const inside = html`<p>Takes back “${name}”${derivedToo}, for good.</p>
    <p class="will">This cuts off: ${sayReach(reachOf(refs))}.</p>`;
  return form(app, 'Revoke', inside, 'Revoke', 'is-danger-now', async () => {
    const before = reachOf(refs);
    app.dialog = undefined;
    await app.act('', () => app.session!.revoke(capId));
    if (!app.session || app.notice?.isBad) return;
    // Counts again: accesses may have changed.
    const after = reachOf(subtree(app, capId));
    const cut = { accesses: before.accesses - after.accesses, live: before.live - after.live };
    app.notice = {
      text: `${name} is revoked. Cut off: ${sayReach(cut)}.`,
      isBad: false,
    };
    app.update();
  });
}

function renderDelete(app: AdminApp, shareId: string): TemplateResult {
  const share = app.shares?.find((known) => known.share_id === shareId);
  const name = share?.label || shareId;
  const inside = html`<p>Erases ${plural(share?.cursor ?? 0, 'op')} of <strong>${name}</strong> from the server.
      Nothing brings them back.</p>
    <p class="will">This cuts off: ${sayReach(reachOf(app.holders ?? []))}.</p>
    <label class="check"><input type="checkbox" required /> Yes, erase it</label>`;
  return form(app, 'Delete the share', inside, 'Delete', 'is-danger-now', async () => {
    app.dialog = undefined;
    app.shares = undefined;
    await app.act(`${name} is deleted.`, () => app.session!.deleteShare(shareId));
  });
}

function subtree(app: AdminApp, capId: string) {
  const holder = findHolder(treeOf(app.holders ?? []), capId);
  return holder ? withDescendants(holder) : [];
}
