/** Every error of the protocol (section 15): its number, and whether the same bytes may succeed later. */
const TABLE = {
  method_not_found: [-32601, false],
  invalid_params: [-32602, false],
  internal: [-32010, true],
  overloaded: [-32011, true],
  draining: [-32012, true],
  storage_unavailable: [-32013, true],
  revocation_not_durable: [-32014, true],
  rate_limited: [-32015, true],
  too_many_calls: [-32016, true],
  too_many_handles: [-32017, false],
  invalid_token: [-32020, false],
  capability_revoked: [-32021, false],
  capability_expired: [-32022, false],
  capability_suspended: [-32023, true],
  forbidden: [-32024, false],
  passphrase_required: [-32025, false],
  capability_used_up: [-32026, false],
  share_ended: [-32030, false],
  share_deleted: [-32031, false],
  id_taken: [-32032, false],
  not_found: [-32033, false],
  writer_forked: [-32040, false],
  sequence_gap: [-32041, false],
  cursor_mismatch: [-32042, false],
  invalid_batch: [-32043, false],
  writer_taken: [-32044, false],
  op_id_reused: [-32060, false],
  invalid_op: [-32061, false],
  too_large: [-32062, false],
  kind_not_allowed: [-32063, false],
  quota_exceeded: [-32064, false],
  turn_final: [-32065, false],
  dependency_missing: [-32066, false],
  dependency_failed: [-32067, false],
  atomic_aborted: [-32068, false],
} as const satisfies Record<string, readonly [number, boolean]>;

export type ErrorName = keyof typeof TABLE;

export interface ErrorInfo {
  number: number;
  transient: boolean;
  /** Whatever this ref sends next is refused alike (ERR-4). */
  authority: boolean;
  /** Appears in `rejected` of an ack only (ERR-6). */
  op: boolean;
}

export const errorNames = Object.keys(TABLE) as ErrorName[];

export function errorInfo(name: ErrorName): ErrorInfo {
  const [number, transient] = TABLE[name];
  const authority = (number <= -32020 && number >= -32026) || number === -32030 || number === -32031;
  return { number, transient, authority, op: number <= -32060 && number >= -32068 };
}

/** The `data` of an error as it comes over the wire (ERR-1). */
export interface ErrorData {
  code: string;
  transient: boolean;
  hint?: string;
  retry_after_ms?: number;
  head?: number;
  acked_seq?: number;
}

/** The server's answer was no. Branch on `code`, and on `transient` for what is not known. */
export class ShareRpcError extends Error {
  override readonly name = 'ShareRpcError';
  readonly code: ErrorName;
  readonly number: number;
  readonly transient: boolean;
  /** One sentence of the server's for people. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly head?: number;
  readonly ackedSeq?: number;

  constructor(data: ErrorData) {
    super(data.hint ? `${data.code}: ${data.hint}` : data.code);
    // A name of a later version counts as the plainest one that is retried, or is not (ERR-5).
    this.code = Object.hasOwn(TABLE, data.code) ? (data.code as ErrorName) : data.transient ? 'internal' : 'invalid_params';
    this.number = TABLE[this.code][0];
    this.transient = data.transient;
    if (data.hint !== undefined) this.hint = data.hint;
    if (data.retry_after_ms !== undefined) this.retryAfterMs = data.retry_after_ms;
    if (data.head !== undefined) this.head = data.head;
    if (data.acked_seq !== undefined) this.ackedSeq = data.acked_seq;
  }
}

/** The connection went, or never came to be. Says nothing about what was sent: connect again, redeem, resend. Never a refusal. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}
