import {
  capIdOf,
  Connection,
  Disconnected,
  findLink,
  redeemLink,
  ShareRpcError,
  type AuditPage,
  type AuditRequest,
  type CapabilityInfo,
  type GrantStore,
  type Limits,
  type Right,
  type RootHandle,
  type ShareHandle,
  type ShareInfo,
} from '@sharerpc/client';

/** A bare token of any kind, or the token of a share link. */
export interface Credentials {
  token: string;
  isLink: boolean;
  passphrase?: string;
}

/** Parses a token or a link of this server. Errors are for users. */
export function credentialsIn(text: string, server: string): Credentials {
  const trimmed = text.trim();
  if (capIdOf(trimmed)) return { token: trimmed, isLink: false };
  const link = findLink(trimmed);
  if (!link) throw new Error('This is neither a token nor a link. Both are long: was all of it copied?');
  if (link.server.replace(/\/+$/, '') !== server) throw new Error(
    'This link is of another server. Open the page there.');
  return { token: link.token, isLink: true };
}

type Opened = { connection: Connection; rights: Right[]; limits: Limits; capId: string } & (
  | { kind: 'root'; handle: RootHandle }
  | { kind: 'share'; handle: ShareHandle; share: ShareInfo }
);

export type AuditFilter = Omit<AuditRequest, 'newest_first'> & { shareId?: string };

/** How many pages without a match are read before the user is asked. */
const EMPTY_PAGES = 20;

/** Acts with a token, kept in this object only. Reconnects at the next call: all changes may be repeated. */
export class AdminSession {
  #opened: Opened;

  private constructor(
    readonly server: string,
    private readonly credentials: Credentials,
    private readonly grants: GrantStore,
    opened: Opened,
  ) {
    this.#opened = opened;
  }

  static async signIn(server: string, credentials: Credentials): Promise<AdminSession> {
    const grants = new Map<string, string>();
    return new AdminSession(server, credentials, grants, await open(server, credentials, grants));
  }

  get rights(): Right[] {
    return this.#opened.rights;
  }

  /** The token's ref or its grant. */
  get capId(): string {
    return this.#opened.capId;
  }

  get isAdmin(): boolean {
    return this.rights.includes('admin');
  }

  /** Undefined for root and creator tokens. */
  get onlyShare(): ShareInfo | undefined {
    return this.#opened.kind === 'share' ? this.#opened.share : undefined;
  }

  get limits(): Limits {
    return this.#opened.limits;
  }

  may(right: Right): boolean {
    return this.rights.includes(right);
  }

  async shares(): Promise<ShareInfo[]> {
    if (this.#opened.kind === 'share') {
      const { share } = this.#opened;
      if (!this.may('read')) return [share];
      // Another redemption could count a use of the link.
      const page = await this.#call((handle) => (handle as ShareHandle).readOps({ after: share.cursor, limit: 1 }));
      return [{ ...share, cursor: page.head, ...(page.ended && { state: 'ended' as const }) }];
    }
    return this.#all((handle, after) =>
      (handle as RootHandle).listShares({ after }).then((page) => ({ items: page.shares, next: page.next })),
    );
  }

  /** Lists a share's refs visible to this token, parents first. */
  holders(shareId: string): Promise<CapabilityInfo[]> {
    return this.#all(async (handle, after) => {
      const page = await (this.#isRoot(handle)
        ? handle.listCapabilities({ after, share_id: shareId })
        : handle.listCapabilities({ after }));
      return { items: page.capabilities, next: page.next };
    });
  }

  /** Lists the refs of all shares that this token can see. `loaded`: called with what is there so far. */
  refs(loaded: (refs: CapabilityInfo[]) => void): Promise<CapabilityInfo[]> {
    return this.#all(async (handle, after) => {
      const page = await handle.listCapabilities({ after });
      return { items: page.capabilities, next: page.next };
    }, loaded);
  }

  /** Newest first. A page can be empty and have a next one. */
  async audit({ shareId, ...filter }: AuditFilter): Promise<AuditPage> {
    const request: AuditRequest = { newest_first: true, limit: 200, ...filter };
    for (let pages = 1; ; pages++) {
      const page = await this.#call((handle) =>
        this.#isRoot(handle)
          ? handle.listAudit({ ...request, ...(shareId && { share_id: shareId }) })
          : handle.listAudit(request),
      );
      if (page.entries.length > 0 || page.next === undefined || pages === EMPTY_PAGES) return page;
      request.after = page.next;
    }
  }

  find(query: string, after?: number) {
    const from = after === undefined ? {} : { after };
    return this.#call((handle) => (handle as RootHandle).searchShares({ query, limit: 20, ...from }));
  }

  status() {
    return this.#call((handle) => (handle as RootHandle).serverStatus());
  }

  invite(shareId: string, request: Parameters<ShareHandle['attenuate']>[0]) {
    return this.#call((handle) => (this.#isRoot(handle) ? handle.attenuate({ ...request, share_id: shareId })
      : handle.attenuate(request)));
  }

  suspend = (capId: string) => this.#call((handle) => handle.suspendCapability(capId));
  resume = (capId: string) => this.#call((handle) => handle.resumeCapability(capId));
  revoke = (capId: string) => this.#call((handle) => handle.revokeCapability(capId));
  rotate = (request: Parameters<ShareHandle['rotateCapability']>[0]) =>
    this.#call((handle) => handle.rotateCapability(request));
  deleteShare = (shareId: string) => this.#call((handle) => (handle as RootHandle).deleteShare(shareId));
  endShare = () => this.#call((handle) => (handle as ShareHandle).endShare());

  close(): void {
    this.#opened.connection.close();
  }

  #isRoot(handle: RootHandle | ShareHandle): handle is RootHandle {
    return this.#opened.kind === 'root' && handle === this.#opened.handle;
  }

  async #all<T>(
    list: (handle: RootHandle | ShareHandle, after: number) => Promise<{ items: T[]; next: number | undefined }>,
    loaded: (items: T[]) => void = () => {},
  ): Promise<T[]> {
    const items: T[] = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const from: number = after;
      const page: { items: T[]; next: number | undefined } = await this.#call((handle) => list(handle, from));
      items.push(...page.items);
      loaded(items);
      after = page.next;
    }
    return items;
  }

  async #call<T>(work: (handle: RootHandle | ShareHandle) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        if (!this.#opened.connection.isOpen) await this.#again();
        return await work(this.#opened.handle);
      } catch (error) {
        const isWorthIt = error instanceof Disconnected || (error instanceof ShareRpcError && error.transient);
        if (!isWorthIt || tries === 3) throw error;
        if (error instanceof ShareRpcError) await pause(error.retryAfterMs ?? 300 * tries);
      }
    }
  }

  async #again(): Promise<void> {
    this.#opened.connection.close();
    this.#opened = await open(this.server, this.credentials, this.grants);
  }
}

async function open(server: string, { token, isLink, passphrase }: Credentials, grants: GrantStore): Promise<Opened> {
  const connection = await Connection.open(server);
  const request = { token, ...(passphrase !== undefined && { passphrase }) };
  try {
    // A link would be refused as root.
    const root = isLink ? undefined : await connection.redeemRoot(request).catch(unlessForbidden);
    if (root) return { kind: 'root', connection, ...root };
    const opened = await redeemLink(connection, request, grants);
    const { shareId: share_id, cursor, capId: owner_cap_id } = opened;
    const share: ShareInfo = { share_id, state: 'active', cursor, created_ms: 0, live_handles: 0, owner_cap_id };
    return { kind: 'share', connection, ...opened, share };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function unlessForbidden(error: unknown): undefined {
  if (!(error instanceof ShareRpcError) || error.code !== 'forbidden') throw error;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
