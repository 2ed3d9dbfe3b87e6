// Records of protocol/SPEC.md in wire names. Times: milliseconds since 1970 UTC.

export type Right =
  'admin' | 'create' | 'read' | 'append' | 'attenuate' | 'revoke' | 'end' | 'comment' | 'presence';

/** Restrictions of a ref and its descendants (section 16). */
export interface Caveats {
  expires_at_ms?: number;
  unused_expires_at_ms?: number;
  max_uses?: number;
  /** Lifetime of this link's grants, in milliseconds (GRANT-2). */
  grant_ms?: number;
  append_kinds?: string[];
  /** Kind to `true` or visible top-level fields. */
  readable?: Record<string, true | string[]>;
  redact?: Redaction[];
  /** Hides every comment (COMMENT-7). */
  no_comments?: true;
  max_ops_per_day?: number;
  max_bytes_per_day?: number;
  max_shares?: number;
  max_bytes?: number;
}

export type Redaction = 'tools' | 'reasoning' | 'files';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** What the author says in a comment (comments.md); the server writes `author` and `time`. */
export interface CommentData {
  text?: string;
  parent?: string;
  quote?: string;
  line?: { file: string; side?: 'before' | 'after'; number: number };
  resolved?: boolean;
  author?: { id: string; label?: string; owner?: true };
  time?: { created: number; edited?: number };
}

/** Who has a share open (PRESENCE-1). */
export interface PresenceList {
  present: { id: string; label?: string; owner?: true; handles: number }[];
  more?: number;
}

export type Verb = 'put' | 'remove' | 'append';

/** An op to send (section 10). */
export interface NewOp {
  op_id: string;
  seq?: number;
  verb: Verb;
  kind: string;
  key: string;
  data?: Json;
  depends_on?: string[];
  if_changed?: boolean;
}

export interface Batch {
  batch_id: string;
  ops: NewOp[];
  expected_cursor?: number;
  atomic?: boolean;
}

export interface Ack {
  cursor: number;
  applied: { op_id: string; cursor: number }[];
  duplicates: { op_id: string; cursor: number }[];
  rejected: { op_id: string; code: string; message: string }[];
}

/** An op that the reader may not see (REDACT-3). */
export interface HiddenOp {
  cursor: number;
  hidden: true;
}

/**
 * An op of the log of which the reader sees the document only (REDACT-3): `remove` hides it from now on, no verb leaves
 * its data as the reader has it.
 */
export interface ReducedOp {
  cursor: number;
  hidden?: undefined;
  op_id?: undefined;
  verb?: 'remove';
  kind: string;
  key: string;
  data?: undefined;
  redacted: true;
}

/** An op of the log (READ-2). */
export interface ShownOp {
  cursor: number;
  hidden?: undefined;
  op_id: string;
  verb: Verb;
  kind: string;
  key: string;
  data?: Json;
  writer_id?: string;
  seq?: number;
  actor: string;
  time_ms: number;
  schema_version: number;
  redacted?: true;
}

export type Op = ShownOp | ReducedOp | HiddenOp;

/** A page of the log. With `gap` no ops: data up to it is only in the state. */
export interface OpPage {
  ops: Op[];
  cursor: number;
  head: number;
  gap?: number;
  ended?: true;
  /** A writer is connected, or has just appended. */
  writing?: true;
  /** What the last restore of the server gave to the share (READ-9); absent: 0. */
  generation?: number;
}

/** A page that the server pushes; `bytes` of its subscription's credit are used. */
export interface PushedPage {
  subscription: number;
  bytes: number;
  ops: Op[];
  cursor: number;
  head: number;
  writing?: true;
  generation?: number;
}

export interface ReadOpsRequest {
  after?: number;
  limit?: number;
  max_bytes?: number;
  wait_ms?: number;
}

/** The fold of the ops of one kind and key. */
export interface Doc {
  kind: string;
  key: string;
  /** The cursor of its last op. */
  cursor: number;
  data: Json;
  redacted?: true;
}

export interface DocKey {
  kind: string;
  key: string;
}

export interface GetStateRequest {
  kinds?: string[];
  after_key?: DocKey;
  limit?: number;
}

export interface StatePage {
  docs: Doc[];
  cursor: number;
  next_key?: DocKey;
  generation?: number;
}

export interface SearchRequest {
  query: string;
  /** The `next` of the page before. */
  after?: number;
  limit?: number;
}

export interface SearchHit {
  kind: string;
  key: string;
  cursor: number;
  /** The message that a part belongs to. */
  message?: string;
  snippet: string;
}

export interface SearchPage {
  hits: SearchHit[];
  /** How far the index had come. */
  cursor: number;
  next?: number;
}

export interface ShareSearchPage {
  shares: { share_id: string; label?: string; hit: SearchHit }[];
  next?: number;
}

export interface RedeemShareRequest {
  token: string;
  passphrase?: string;
  /** A new grant of a counted or locked link (GRANT-1). See `redeemLink`. */
  grant?: { cap_id: string; token_digest: string };
  writer_id?: string;
  append?: Batch[];
  read?: { after: number; limit?: number; max_bytes?: number };
}

export interface RedeemRootRequest {
  token: string;
  passphrase?: string;
}

/** By the names of section 26. */
export type Limits = Record<string, number>;

/** What a server knows (VER-5): caveats, methods of the handle, extensions, by name. */
export interface Features {
  caveats: string[];
  methods: string[];
  extensions: string[];
}

export interface AttenuateRequest {
  cap_id: string;
  token_digest: string;
  passphrase_digest?: string;
  rights: Right[];
  caveats?: Caveats;
  label?: string;
}

/** With `share_id`: a child of its owner ref (CAP-10). */
export interface RootAttenuateRequest extends AttenuateRequest {
  share_id?: string;
}

export interface CreateShareRequest {
  share_id: string;
  cap_id: string;
  token_digest: string;
  label?: string;
}

export interface RotateRequest {
  cap_id: string;
  token_digest: string;
  passphrase_digest?: string;
}

export interface CapabilityCreated {
  cap_id: string;
  epoch: number;
}

export interface CapabilityChanged {
  epoch: number;
}

export interface ListRequest {
  after?: number;
  limit?: number;
}

export type CapabilityState = 'active' | 'revoked' | 'orphaned' | 'retired' | 'expired' | 'suspended' | 'used_up';

/** A ref, for holders who may revoke it (LIST-3). */
export interface CapabilityInfo {
  cap_id: string;
  parent_cap_id?: string;
  share_id?: string;
  rights: Right[];
  /** Without its ancestors' caveats. */
  caveats: Caveats;
  label?: string;
  epoch: number;
  state: CapabilityState;
  created_ms: number;
  revoked_ms?: number;
  last_redeemed_ms?: number;
  uses?: number;
  passphrase?: true;
  /** Made by a redemption of its parent (GRANT-7). */
  grant?: true;
  live_handles: number;
}

export interface CapabilityPage {
  capabilities: CapabilityInfo[];
  next?: number;
}

export interface ShareInfo {
  share_id: string;
  label?: string;
  state: 'active' | 'ended' | 'deleted';
  cursor: number;
  created_ms: number;
  last_append_ms?: number;
  live_handles: number;
  owner_cap_id: string;
}

export interface SharePage {
  shares: ShareInfo[];
  next?: number;
}

/** An entry matches all that is given. A page can have fewer entries than its limit, or none, and a `next`. */
export interface AuditRequest extends ListRequest {
  newest_first?: boolean;
  /** The actor or the subject. */
  cap_id?: string;
  action?: string;
  address?: string;
  /** An error's name. */
  code?: string;
  since_ms?: number;
  /** Exclusive. */
  until_ms?: number;
}

export interface AuditEntry {
  position: number;
  time_ms: number;
  action: string;
  actor?: string;
  share_id?: string;
  subject?: string;
  address?: string;
  code?: string;
  count?: number;
  bytes?: number;
}

export interface AuditPage {
  entries: AuditEntry[];
  next?: number;
}

/** Rates and times cover the last ten seconds. */
export interface ServerStatus {
  version: string;
  started_ms: number;
  now_ms: number;
  connections: number;
  handles: number;
  shares: number;
  queue_items: number;
  queue_bytes: number;
  ops_per_second: number;
  commits_per_second: number;
  commit_ms_p50: number;
  commit_ms_p99: number;
  cluster?: ClusterStatus;
}

/** The nodes of a server on PostgreSQL: the one that answers, and all, none if the database does not answer. */
export interface ClusterStatus {
  node: string;
  nodes: NodeStatus[];
}

/** Its lease has ended when it is late. */
export interface NodeStatus {
  name: string;
  state: 'serving' | 'late' | 'gone';
  renewed_ago_ms: number;
  owes_confirmation?: boolean;
  wake_lag_ms?: number;
}
