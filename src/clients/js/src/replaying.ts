import type { RedeemedShare } from './connection.js';
import { errorInfo, ShareRpcError, type ErrorData } from './errors.js';
import type { Batch, RedeemShareRequest } from './wire.js';

const UNPROVEN_BYTES = 262144;
const ENVELOPE_BYTES = 1024;

/** Whether a server takes the message before a redemption has succeeded on the connection (WS-3). */
export function fitsUnproven(request: RedeemShareRequest): boolean {
  const text = JSON.stringify(request);
  const most = UNPROVEN_BYTES - ENVELOPE_BYTES;
  // At most three bytes per UTF-16 unit.
  return text.length * 3 <= most || new TextEncoder().encode(text).length <= most;
}

/** Does by calls what a redemption does with `append` and `read` (REDEEM-4, REDEEM-5). */
export async function replay(
  share: RedeemedShare, append: Batch[], read: RedeemShareRequest['read'],
): Promise<RedeemedShare> {
  if (read && !share.rights.includes('read')) {
    share.handle.dispose();
    throw new ShareRpcError({ code: 'forbidden', transient: false });
  }
  const acks: NonNullable<RedeemedShare['acks']> = [];
  let { cursor, writer } = share;
  for (const batch of append) {
    try {
      const ack = await share.handle.appendOps(batch);
      acks.push({ batch_id: batch.batch_id, ack });
      cursor = Math.max(cursor, ack.cursor);
      const seq = batch.ops.at(-1)?.seq ?? 0;
      if (writer && seq > writer.acked_seq) writer = { acked_seq: seq };
    } catch (error) {
      if (!(error instanceof ShareRpcError)) throw error;
      acks.push({ batch_id: batch.batch_id, error: dataOf(error) });
      if (errorInfo(error.code).authority || error.code === 'writer_forked' || error.code === 'sequence_gap') break;
    }
  }
  const page = read && (await share.handle.readOps(read));
  return { ...share, cursor, acks, ...(writer && { writer }), ...(page && { page }) };
}

function dataOf({ code, transient, action, hint, retryAfterMs, head, ackedSeq }: ShareRpcError): ErrorData {
  return {
    code, transient, action,
    ...(hint !== undefined && { hint }),
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    ...(head !== undefined && { head }),
    ...(ackedSeq !== undefined && { acked_seq: ackedSeq }),
  };
}
