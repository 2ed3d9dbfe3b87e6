const ACTIONS = ['retry', 'redeem', 'new_writer', 'resend_from', 'split', 'park', 'stop', 'ask'] as const;

export type ErrorAction = (typeof ACTIONS)[number];

/** Number, `transient` and action of each error (section 25). */
const TABLE = {
  method_not_found: [-32601, false, 'redeem'],
  invalid_params: [-32602, false, 'park'],
  internal: [-32010, true, 'retry'],
  overloaded: [-32011, true, 'retry'],
  draining: [-32012, true, 'redeem'],
  storage_unavailable: [-32013, true, 'retry'],
  revocation_not_durable: [-32014, true, 'retry'],
  rate_limited: [-32015, true, 'retry'],
  too_many_calls: [-32016, true, 'retry'],
  too_many_handles: [-32017, false, 'redeem'],
  rejections_exceeded: [-32018, true, 'retry'],
  invalid_token: [-32020, false, 'stop'],
  capability_revoked: [-32021, false, 'stop'],
  capability_expired: [-32022, false, 'stop'],
  capability_suspended: [-32023, true, 'redeem'],
  forbidden: [-32024, false, 'stop'],
  passphrase_required: [-32025, false, 'ask'],
  capability_used_up: [-32026, false, 'stop'],
  share_ended: [-32030, false, 'stop'],
  share_deleted: [-32031, false, 'stop'],
  id_taken: [-32032, false, 'park'],
  not_found: [-32033, false, 'park'],
  writer_forked: [-32040, false, 'new_writer'],
  sequence_gap: [-32041, false, 'resend_from'],
  cursor_mismatch: [-32042, false, 'ask'],
  invalid_batch: [-32043, false, 'split'],
  writer_taken: [-32044, false, 'new_writer'],
  op_id_reused: [-32060, false, 'park'],
  invalid_op: [-32061, false, 'park'],
  too_large: [-32062, false, 'split'],
  kind_not_allowed: [-32063, false, 'park'],
  quota_exceeded: [-32064, false, 'park'],
  turn_final: [-32065, false, 'park'],
  dependency_missing: [-32066, false, 'retry'],
  dependency_failed: [-32067, false, 'park'],
  atomic_aborted: [-32068, false, 'park'],
  not_author: [-32069, false, 'park'],
  no_target: [-32070, false, 'park'],
} as const satisfies Record<string, readonly [number, boolean, ErrorAction]>;

export type ErrorName = keyof typeof TABLE;

export interface ErrorInfo {
  number: number;
  transient: boolean;
  action: ErrorAction;
  /** Later requests of the ref fail alike (ERR-4). */
  authority: boolean;
  /** Only in `rejected` of an ack (ERR-6). */
  op: boolean;
}

export const errorNames = Object.keys(TABLE) as ErrorName[];

export function errorInfo(name: ErrorName): ErrorInfo {
  const [number, transient, action] = TABLE[name];
  const authority = (number <= -32020 && number >= -32026) || number === -32030 || number === -32031;
  return { number, transient, action, authority, op: number <= -32060 && number >= -32070 };
}

/** ERR-1. */
export interface ErrorData {
  code: string;
  transient: boolean;
  /** Absent from older servers. */
  action?: string;
  hint?: string;
  retry_after_ms?: number;
  head?: number;
  acked_seq?: number;
}

/** A refusal. Branch on `code`, and on `action` for unknown codes. */
export class ShareRpcError extends Error {
  override readonly name = 'ShareRpcError';
  readonly code: ErrorName;
  readonly number: number;
  readonly transient: boolean;
  readonly action: ErrorAction;
  /** A sentence for users, from the server. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly head?: number;
  readonly ackedSeq?: number;

  constructor(data: ErrorData) {
    super(data.hint ? `${data.code}: ${data.hint}` : data.code);
    // Maps an unknown code to a general one (ERR-5).
    const plainest = data.transient ? 'internal' : 'invalid_params';
    this.code = Object.hasOwn(TABLE, data.code) ? (data.code as ErrorName) : plainest;
    this.number = TABLE[this.code][0];
    this.transient = data.transient;
    this.action = ACTIONS.find((action) => action === data.action) ?? TABLE[this.code][2];
    if (data.hint !== undefined) this.hint = data.hint;
    if (data.retry_after_ms !== undefined) this.retryAfterMs = data.retry_after_ms;
    if (data.head !== undefined) this.head = data.head;
    if (data.acked_seq !== undefined) this.ackedSeq = data.acked_seq;
  }
}

/** The connection failed. Sent requests may have been done: connect, redeem, send again. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';

  /** @param closeCode what the WebSocket was closed with, if it was open */
  constructor(message: string, readonly closeCode?: number) {
    super(message);
  }
}
