import type { RedeemedForReading } from './connection.js';
import { Disconnected, ShareRpcError, type ErrorData } from './errors.js';
import type { GrantStore } from './grants.js';
import type { CallOptions, ReadingHandle } from './handles.js';
import { newId } from './ids.js';
import { capIdOf, newToken, tokenDigest } from './tokens.js';
import type {
  Ack, Batch, Caveats, GetStateRequest, OpPage, ReadOpsRequest, RedeemShareRequest, Right, SearchPage, SearchRequest,
  StatePage,
} from './wire.js';

interface GrantAnswer {
  share_id: string;
  cap_id?: string;
  expires_at_ms?: number;
  rights?: Right[];
  caveats?: Caveats;
}

const BEYOND = Number.MAX_SAFE_INTEGER;

/**
 * Reads a share by plain requests that wait for ops (HTTP-6, HTTP-7), where no WebSocket gets through. Behaves as a
 * `Connection` that can only redeem a share, read it and append to it (HTTP-5).
 */
export class PollingConnection {
  readonly #stop = new AbortController();

  /** `grants`: where the token of an asked grant is, under the cap id of its link. */
  constructor(
    private readonly server: string,
    private readonly grants: GrantStore,
  ) {}

  /** Redeems a link by a grant that `request` asks for, or a grant's own token; another use is not counted. */
  async redeemShare(request: RedeemShareRequest): Promise<RedeemedForReading> {
    const { grant, passphrase } = request;
    // A grant's own token gives none: what is asked for then only tells the share.
    const asked = grant ?? { cap_id: newId(), token_digest: tokenDigest(newToken(newId()).token) };
    const made = await this.#send<GrantAnswer>('/v1/grants', request.token, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...asked, ...(passphrase !== undefined && { passphrase: passphrase.normalize('NFC') }) }),
    });
    const isGrant = made.cap_id !== undefined && grant !== undefined;
    const token = isGrant ? this.grants.get(capIdOf(request.token) ?? '') ?? '' : request.token;
    const handle = this.#handle(`/v1/shares/${made.share_id}`, token);
    const page = await handle.readOps(request.read ?? { after: BEYOND, limit: 1 });
    return {
      handle, shareId: made.share_id, capId: capIdOf(token) ?? '', epoch: 0, limits: {},
      rights: made.rights ?? ['read'], caveats: made.caveats ?? {},
      cursor: page.head,
      ...(isGrant && { grant: { cap_id: made.cap_id!, expires_at_ms: made.expires_at_ms ?? 0 } }),
      ...(request.read && { page }),
    };
  }

  close(): void {
    this.#stop.abort();
  }

  #handle(path: string, token: string): ReadingHandle {
    return {
      appendOps: (batch: Batch) => this.#send<Ack>(`${path}/ops`, token, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(batch),
      }),
      readOps: (request: ReadOpsRequest = {}, options?: CallOptions) =>
        this.#send<OpPage>(`${path}/ops?${query({ ...request })}`, token, {}, options?.signal),
      getState: ({ kinds, after_key: after, limit }: GetStateRequest = {}, options?: CallOptions) =>
        this.#send<StatePage>(`${path}/state?${query({
          kinds: kinds?.join(','), after_kind: after?.kind, after_key: after?.key, limit,
        })}`, token, {}, options?.signal),
      search: (request: SearchRequest, options?: CallOptions) =>
        this.#send<SearchPage>(`${path}/search?${query({ ...request })}`, token, {}, options?.signal),
    };
  }

  // One connection's reads end together, as those of a socket do.
  async #send<T>(path: string, token: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const abort = () => this.#stop.abort();
    signal?.addEventListener('abort', abort);
    try {
      const response = await fetch(this.server.replace(/\/+$/, '') + path, {
        ...init, headers: { ...init.headers, authorization: `Bearer ${token}` }, cache: 'no-store', credentials: 'omit',
        signal: this.#stop.signal,
      });
      const body: unknown = await response.json();
      if (response.ok) return body as T;
      if (typeof (body as ErrorData | null)?.code === 'string') throw new ShareRpcError(body as ErrorData);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ShareRpcError) throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    // No answer, or that of a proxy.
    throw new Disconnected('The server does not answer.');
  }
}

function query(values: Record<string, string | number | undefined>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
}
