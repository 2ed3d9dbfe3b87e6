import type { Connection } from './connection.js';
import { PageStream } from './stream.js';
import type {
  Ack, AttenuateRequest, AuditPage, AuditRequest, Batch, CapabilityChanged, CapabilityCreated, CapabilityPage,
  CreateShareRequest, GetStateRequest, ListRequest, OpPage, PresenceList, ReadOpsRequest, RootAttenuateRequest,
  RotateRequest, SearchPage, SearchRequest, ServerStatus, SharePage, ShareSearchPage, StatePage,
} from './wire.js';

export interface CallOptions {
  signal?: AbortSignal;
}

/** A live object, valid while its connection is (RPC-6). */
class Handle {
  protected readonly connection: Connection;
  readonly #number: number;

  constructor(connection: Connection, number: number) {
    this.connection = connection;
    this.#number = number;
  }

  revokeCapability(capId: string): Promise<CapabilityChanged> {
    return this.call('revokeCapability', { cap_id: capId });
  }

  suspendCapability(capId: string): Promise<CapabilityChanged> {
    return this.call('suspendCapability', { cap_id: capId });
  }

  resumeCapability(capId: string): Promise<CapabilityChanged> {
    return this.call('resumeCapability', { cap_id: capId });
  }

  /** Sets a new secret; the old one and all descendants end. */
  rotateCapability(request: RotateRequest): Promise<CapabilityChanged> {
    return this.call('rotateCapability', request);
  }

  /** Releases the live object; revokes nothing (RPC-8). */
  dispose(): void {
    this.connection.notify(`$/invokeProxy/${this.#number}/Dispose`);
    this.connection.notify('$/releaseMarshaledObject', { handle: this.#number, ownedBySender: false });
  }

  /** Calls any method of the object. */
  call<T>(method: string, params?: object, options?: CallOptions): Promise<T> {
    return this.connection.call<T>(`$/invokeProxy/${this.#number}/${method}`, params, options?.signal);
  }
}

/** What reading needs of a share, and appending without an outbox. */
export type ReadingHandle = Pick<ShareHandle, 'readOps' | 'getState' | 'appendOps'>
  & Partial<Pick<ShareHandle, 'subscribe' | 'search' | 'listPresence'>>;

/** One share, with the redeemed ref's rights. */
export class ShareHandle extends Handle {
  /** Resolves once durable. After `Disconnected` resend the same batch; applied ops become duplicates. */
  appendOps(batch: Batch): Promise<Ack> {
    return this.call('appendOps', batch);
  }

  readOps(request: ReadOpsRequest = {}, options?: CallOptions): Promise<OpPage> {
    return this.call('readOps', request, options);
  }

  /** Follows the share from a cursor; for servers whose `features` name `subscribe`. */
  subscribe(after: number, creditLimit: number): PageStream {
    return new PageStream(
      this.connection, (request, signal) => this.call('subscribe', request, { signal }), after, creditLimit);
  }

  getState(request: GetStateRequest = {}, options?: CallOptions): Promise<StatePage> {
    return this.call('getState', request, options);
  }

  /** Finds documents by their words, in the order of cursors; for servers whose `features` name `search`. */
  search(request: SearchRequest, options?: CallOptions): Promise<SearchPage> {
    return this.call('search', request, options);
  }

  attenuate(request: AttenuateRequest): Promise<CapabilityCreated> {
    return this.call('attenuate', request);
  }

  listCapabilities(request: ListRequest = {}, options?: CallOptions): Promise<CapabilityPage> {
    return this.call('listCapabilities', request, options);
  }

  listAudit(request: AuditRequest = {}, options?: CallOptions): Promise<AuditPage> {
    return this.call('listAudit', request, options);
  }

  /** Lists who has the share open, of those with the right `presence`. */
  listPresence(options?: CallOptions): Promise<PresenceList> {
    return this.call('listPresence', undefined, options);
  }

  /** Puts off the end of a share that its server keeps for some time only; answers the moment, if any. */
  keepShare(): Promise<{ kept_until_ms?: number }> {
    return this.call('keepShare');
  }

  /** Ends the share for good: no more appends, reads go on. */
  endShare(): Promise<null> {
    return this.call('endShare');
  }
}

/** The server, with the rights of a root or creator ref. */
export class RootHandle extends Handle {
  createShare(request: CreateShareRequest): Promise<CapabilityCreated> {
    return this.call('createShare', request);
  }

  listShares(request: ListRequest = {}, options?: CallOptions): Promise<SharePage> {
    return this.call('listShares', request, options);
  }

  /** Finds shares by the words of their documents, newest first. */
  searchShares(request: SearchRequest, options?: CallOptions): Promise<ShareSearchPage> {
    return this.call('searchShares', request, options);
  }

  attenuate(request: RootAttenuateRequest): Promise<CapabilityCreated> {
    return this.call('attenuate', request);
  }

  listCapabilities(request: ListRequest & { share_id?: string } = {}, options?: CallOptions): Promise<CapabilityPage> {
    return this.call('listCapabilities', request, options);
  }

  listAudit(request: AuditRequest & { share_id?: string } = {}, options?: CallOptions): Promise<AuditPage> {
    return this.call('listAudit', request, options);
  }

  /** Erases ops and documents. */
  deleteShare(shareId: string): Promise<null> {
    return this.call('deleteShare', { share_id: shareId });
  }

  adoptShares(capId: string): Promise<{ shares: number }> {
    return this.call('adoptShares', { cap_id: capId });
  }

  serverStatus(options?: CallOptions): Promise<ServerStatus> {
    return this.call('serverStatus', undefined, options);
  }
}
