import type { Connection, RedeemedShare } from './connection.js';
import { ShareRpcError } from './errors.js';
import { newId } from './ids.js';
import { capIdOf, newToken, tokenDigest } from './tokens.js';
import type { RedeemShareRequest } from './wire.js';

/** Keeps the tokens of grants, each under the cap id of its link. They are as secret as the links. A `Map` is one. */
export interface GrantStore {
  get(linkCapId: string): string | undefined;
  set(linkCapId: string, token: string): void;
  delete(linkCapId: string): void;
}

/**
 * Redeems a link, by the grant that an earlier redemption of it has left if there is one, so that it costs no other use
 * and needs no passphrase (GRANT-5). The grant's token is kept before it is sent: it also brings back who has lost the
 * reply. `ended` is told of a grant that was taken back or has expired; the link is redeemed instead then.
 */
export async function redeemLink(
  connection: Connection, request: Omit<RedeemShareRequest, 'grant'>, grants: GrantStore, ended?: (error: ShareRpcError) => void,
): Promise<RedeemedShare> {
  const link = capIdOf(request.token) ?? '';
  const kept = grants.get(link);
  if (kept !== undefined) {
    const { passphrase: _, ...withoutPassphrase } = request;
    try {
      return await connection.redeemShare({ ...withoutPassphrase, token: kept });
    } catch (error) {
      if (!(error instanceof ShareRpcError)) throw error;
      if (hasEnded(error)) {
        ended?.(error);
        // Another tab of the browser may have got a new one already.
        if (grants.get(link) !== kept) return redeemLink(connection, request, grants, ended);
        grants.delete(link);
      } else if (error.code !== 'invalid_token' && error.code !== 'rate_limited') throw error;
      // Those two say that the server has not stored it: the link is redeemed with the same grant.
    }
  }
  for (let isAgain = false; ; isAgain = true) {
    const token = grants.get(link) ?? newToken(newId()).token;
    grants.set(link, token);
    try {
      const grant = { cap_id: capIdOf(token)!, token_digest: tokenDigest(token) };
      const share = await connection.redeemShare({ ...request, grant });
      if (!share.grant) grants.delete(link);
      return share;
    } catch (error) {
      if (!(error instanceof ShareRpcError) || error.transient) throw error;
      grants.delete(link);
      if (isAgain || !(error.code === 'id_taken' || hasEnded(error))) throw error;
    }
  }
}

/** Returns whether an error says that a grant was taken back or has expired (GRANT-6). */
export function hasEnded({ code, action }: ShareRpcError): boolean {
  return action === 'redeem' && (code === 'capability_revoked' || code === 'capability_expired');
}
