import { html, nothing, render, type TemplateResult } from 'lit/html.js';
import type { AuditEntry, AuditPage, CapabilityInfo, ServerStatus, ShareInfo } from '@sharerpc/client';
import { ShareRpcError } from '@sharerpc/client';
import { AdminSession, credentialsIn } from './session.ts';
import { endsSession, explainTrouble, sayTrouble } from './trouble.ts';
import { renderSignIn, type SignInState } from './sign-in.ts';
import { renderShares, type ShareOrder } from './shares-view.ts';
import { renderShare } from './share-view.ts';
import { filterOf, NO_FIELDS, renderAudit, type AuditFields, type Named } from './audit-view.ts';
import { count, duration, plural } from '../shared/format.ts';
import { saveBlob } from '../shared/save.ts';
import { NO_LINK_FIELDS, type LinkFields, type LinkRow } from './links.ts';
import { renderLinks } from './links-view.ts';
import { TakingBack, undoMs } from './taking-back.ts';
import { renderHealth } from './health-view.ts';
import { Finding, renderFind } from './find-view.ts';
import { renderDialog, type Dialog } from './dialogs.ts';

const POLL_MS = 2_000;
/** The largest number of entries in a file of the audit trail. */
const mostSaved = 100_000;

export type View = { name: 'shares' } | { name: 'links' } | { name: 'share'; id: string }
  | { name: 'audit'; share?: string } | { name: 'health' } | { name: 'find' };

/** `#shares`, `#find`, `#links`, `#share/<id>`, `#audit`, `#audit/<share id>`, `#health`; never a token. */
export function viewOf(hash: string): View {
  const [name, id] = hash.replace(/^#/, '').split('/');
  if (name === 'share' && id) return { name, id };
  if (name === 'audit') return id ? { name, share: id } : { name };
  return name === 'health' || name === 'links' || name === 'find' ? { name } : { name: 'shares' };
}

export class AdminApp {
  readonly server = location.origin + location.pathname.replace(/\/admin\/?$/, '');
  session: AdminSession | undefined;
  signInState: SignInState = { trouble: '', isBusy: false, asksForPassphrase: false };
  view: View = viewOf(location.hash);
  shares: ShareInfo[] | undefined;
  search = '';
  stateFilter = '';
  shareOrder: ShareOrder = 'activity';
  holders: CapabilityInfo[] | undefined;
  entries: AuditEntry[] | undefined;
  nextEntry: number | undefined;
  auditFields = NO_FIELDS;
  auditTrouble = '';
  status: ServerStatus | undefined;
  readonly finding = new Finding((query, after) => this.session!.find(query, after), () => this.update());
  /** Of all shares, for the links. */
  refs: CapabilityInfo[] | undefined;
  linkFields = NO_LINK_FIELDS;
  selected = new Set<string>();
  /** The page of a long list. */
  page = 0;
  takingBack: TakingBack | undefined;
  dialog: Dialog | undefined;
  /** The last action's result, announced to screen readers. */
  notice: { text: string; isBad: boolean } | undefined;
  #loads = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly root: HTMLElement) {
    addEventListener('hashchange', () => this.#show(viewOf(location.hash)));
    document.addEventListener('visibilitychange', () => this.#pollHealth());
    this.update();
  }

  async signIn(text: string, passphrase?: string): Promise<void> {
    this.signInState = { ...this.signInState, trouble: '', isBusy: true };
    this.update();
    try {
      this.session = await AdminSession.signIn(this.server, { ...credentialsIn(text, this.server),
        ...(passphrase && { passphrase }) });
      this.signInState = { trouble: '', isBusy: false, asksForPassphrase: false };
      const only = this.session.onlyShare;
      if (only) location.hash = `#share/${only.share_id}`;
      this.#show(only ? { name: 'share', id: only.share_id } : this.view);
    } catch (error) {
      const asks = error instanceof ShareRpcError && error.code === 'passphrase_required';
      const isFirst = asks && !this.signInState.asksForPassphrase;
      this.signInState = {
        trouble: isFirst ? '' : asks ? 'That was not the passphrase.' : await explainTrouble(error, this.server),
        isBusy: false,
        asksForPassphrase: asks,
      };
      this.update();
    }
  }

  signOut(why = ''): void {
    this.session?.close();
    this.session = undefined;
    clearTimeout(this.#poll);
    this.shares = this.holders = this.entries = this.status = this.refs = this.dialog = this.notice = undefined;
    this.takingBack = this.finding.shares = undefined;
    this.finding.query = '';
    this.signInState = { trouble: why, isBusy: false, asksForPassphrase: false };
    this.update();
  }

  async load(): Promise<void> {
    const { session, view } = this;
    if (!session) return;
    const mine = ++this.#loads;
    try {
      if (view.name === 'shares') await this.#take(mine, session.shares(), (shares) => (this.shares = shares));
      else if (view.name === 'share') await this.#loadShare(session, view.id, mine);
      else if (view.name === 'links') await this.#loadLinks(session, mine);
      else if (view.name === 'audit') await Promise.all([this.loadAudit(mine), this.#loadNames(session, view.share,
        mine)]);
      else if (view.name === 'health') await this.#take(mine, session.status(), (status) => (this.status = status));
    } catch (error) {
      this.fail(error);
    }
    this.#pollHealth();
  }

  async loadAudit(mine = ++this.#loads, after?: number): Promise<void> {
    const shareId = this.view.name === 'audit' ? this.view.share : undefined;
    const filter = filterOf(this.auditFields, this.named());
    const from = after === undefined ? {} : { after };
    const asked = this.session!.audit({ ...filter, ...(shareId && { shareId }), ...from });
    await this.#take(mine, asked, (page) => {
      this.entries = after === undefined ? page.entries : [...(this.entries ?? []), ...page.entries];
      this.nextEntry = page.next;
    });
  }

  filterLinks(change: Partial<LinkFields>): void {
    this.linkFields = { ...this.linkFields, ...change };
    this.selected.clear();
    this.goToPage(0);
  }

  goToPage(page: number): void {
    this.page = page;
    this.update();
  }

  select(capIds: readonly string[], isSelected: boolean): void {
    for (const capId of capIds) {
      if (isSelected) this.selected.add(capId);
      else this.selected.delete(capId);
    }
    this.update();
  }

  /** Suspends links at once and revokes them soon, unless it is undone. */
  takeBack(rows: readonly LinkRow[]): void {
    const session = this.session!;
    const taking = (this.takingBack ??= new TakingBack(session, (done, error) => {
      if (error !== undefined) return this.fail(error);
      this.notice = { text: `${plural(done, 'link')} revoked for good.`, isBad: false };
      void this.load();
    }));
    this.selected.clear();
    const refs = rows.map(({ ref }) => ({ capId: ref.cap_id, wasSuspended: ref.state === 'suspended' }));
    void taking.start(refs).then(() => this.load(), (error: unknown) => this.fail(error));
    this.update();
  }

  undo(): void {
    const taken = this.takingBack;
    void taken?.undo().then(() => {
      this.notice = { text: 'Undone: the links open again.', isBad: false };
      return this.load();
    }, (error: unknown) => this.fail(error));
    this.update();
  }

  /** Saves all entries of the filter, one JSON object a line. */
  async saveAudit(): Promise<void> {
    const shareId = this.view.name === 'audit' ? this.view.share : undefined;
    const filter = { ...filterOf(this.auditFields, this.named()), ...(shareId && { shareId }), limit: 1000 };
    const lines: string[] = [];
    try {
      for (let after: number | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
        const page: AuditPage = await this.session!.audit({ ...filter, ...(after !== undefined && { after }) });
        for (const entry of page.entries) lines.push(`${JSON.stringify(entry)}\n`);
        after = lines.length < mostSaved ? page.next : undefined;
      }
      saveBlob(new Blob(lines, { type: 'application/jsonl' }), 'audit.jsonl');
      this.notice = { text: `Saved ${plural(lines.length, 'entry', 'entries')}.`, isBad: false };
      this.update();
    } catch (error) {
      this.fail(error);
    }
  }

  filterAudit(change: Partial<AuditFields>): void {
    this.auditFields = { ...this.auditFields, ...change };
    this.entries = this.nextEntry = undefined;
    try {
      filterOf(this.auditFields, this.named());
      this.auditTrouble = '';
    } catch (error) {
      this.#loads++;
      this.auditTrouble = (error as Error).message;
      return this.update();
    }
    this.update();
    void this.loadAudit().catch((error: unknown) => this.fail(error));
  }

  /** The refs and shares that a name can mean. */
  named(): Named[] {
    const refs = (this.holders ?? []).map((ref) => ({ id: ref.cap_id, label: ref.label ?? '', isShare: false }));
    if (this.view.name === 'audit' && (this.view.share ?? this.session?.onlyShare)) return refs;
    const shares = this.shares ?? [];
    return [...refs, ...shares.map(({ share_id: id, label = '' }) => ({ id, label, isShare: true }))];
  }

  async act(done: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.notice = { text: done, isBad: false };
      await this.load();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  fail(error: unknown): void {
    if (endsSession(error)) return this.signOut(sayTrouble(error));
    this.notice = { text: sayTrouble(error), isBad: true };
    this.update();
  }

  open(dialog: Dialog | undefined): void {
    this.dialog = dialog;
    this.update();
  }

  readonly update = (): void => {
    render(this.session ? this.#page(this.session) : renderSignIn(this), this.root);
    const dialog = this.root.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
  };

  async #loadShare(session: AdminSession, id: string, mine: number): Promise<void> {
    const [shares, holders] = await Promise.all([session.shares(), session.holders(id)]);
    if (mine !== this.#loads) return;
    this.shares = shares;
    const owner = shares.find((share) => share.share_id === id)?.owner_cap_id;
    this.holders = holders.map((ref) => (ref.cap_id === owner && !ref.label ? { ...ref, label: 'Owner' } : ref));
    this.update();
  }

  async #loadLinks(session: AdminSession, mine: number): Promise<void> {
    const some = (refs: CapabilityInfo[]) => {
      if (mine !== this.#loads || this.refs !== undefined) return;
      this.notice = { text: `${count(refs.length)} so far…`, isBad: false };
      this.update();
    };
    const [shares, refs] = await Promise.all([session.shares(), session.refs(some)]);
    if (mine !== this.#loads) return;
    if (this.refs === undefined) this.notice = undefined;
    [this.shares, this.refs] = [shares, refs];
    this.update();
  }

  async #loadNames(session: AdminSession, share: string | undefined, mine: number): Promise<void> {
    const only = session.onlyShare?.share_id ?? share;
    if (only !== undefined) await this.#loadShare(session, only, mine);
    else await this.#take(mine, session.shares(), (shares) => (this.shares = shares));
  }

  /** Drops outdated answers. */
  async #take<T>(mine: number, asked: Promise<T>, keep: (answer: T) => void): Promise<void> {
    const answer = await asked;
    if (mine !== this.#loads) return;
    keep(answer);
    this.update();
  }

  #show(view: View): void {
    this.view = view;
    this.notice = this.dialog = this.holders = this.entries = undefined;
    this.auditFields = NO_FIELDS;
    this.auditTrouble = '';
    this.page = 0;
    this.selected.clear();
    if (view.name === 'links') this.refs = undefined;
    if (view.name === 'shares') this.shares = undefined;
    this.update();
    void this.load();
  }

  #pollHealth(): void {
    clearTimeout(this.#poll);
    if (this.session && this.view.name === 'health' && !document.hidden) this.#poll = setTimeout(() => void this.load(),
      POLL_MS);
  }

  #page(session: AdminSession): TemplateResult {
    const { view, notice } = this;
    const link = (name: View['name'], text: string, isInside = false) =>
      html`<a href="#${name}" aria-current=${view.name === name ? 'page' : isInside ? 'true' : nothing}>${text}</a>`;
    return html`<header class="bar">
        <strong class="brand">ShareRpc</strong>
        <nav aria-label="Sections">
          ${
            session.onlyShare
              ? html`<a href="#share/${session.onlyShare.share_id}" aria-current=${view.name === 'share' ? 'page'
                : nothing}>Share</a>`
              : html`${link('shares', 'Shares', view.name === 'share')}
                ${session.may('read') && session.may('create') ? link('find', 'Find') : nothing}
                ${session.may('revoke') ? link('links', 'Links') : nothing}`
          }
          ${session.may('revoke') ? link('audit', 'Audit') : nothing} ${session.isAdmin ? link('health', 'Health')
            : nothing}
        </nav>
        <button class="button" type="button" @click=${() => this.signOut()}>Sign out</button>
      </header>
      <main>
        <p class="notice ${notice?.isBad ? 'is-bad' : ''}" role="status" ?data-empty=${!notice}>${notice?.text}</p>
        ${this.#renderUndo()}
        ${this.#body()}
      </main>
      ${this.dialog ? renderDialog(this, this.dialog) : nothing}`;
  }

  #renderUndo(): TemplateResult | typeof nothing {
    const waiting = this.takingBack?.count ?? 0;
    if (waiting === 0) return nothing;
    return html`<div class="undo" role="status">${plural(waiting, 'link')} suspended. Revoked for good in
      ${duration(undoMs)}. <button class="button" type="button" @click=${() => this.undo()}>Undo</button></div>`;
  }

  #body(): TemplateResult {
    switch (this.view.name) {
      case 'share':
        return renderShare(this, this.view.id);
      case 'links':
        return renderLinks(this);
      case 'audit':
        return renderAudit(this);
      case 'find':
        return renderFind(this.finding, this.server);
      case 'health':
        return renderHealth(this.status);
      default:
        return renderShares(this);
    }
  }
}
