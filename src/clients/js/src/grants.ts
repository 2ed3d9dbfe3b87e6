import type { RedeemedForReading, RedeemedShare } from './connection.js';
import { ShareRpcError } from './errors.js';
import { newId } from './ids.js';
import { capIdOf, newToken, tokenDigest } from './tokens.js';
import type { RedeemShareRequest } from './wire.js';

/** Stores grant tokens by their link's cap id. They are secret. May be a `Map`. */
export interface GrantStore {
  get(linkCapId: string): string | undefined;
  set(linkCapId: string, token: string): void;
  delete(linkCapId: string): void;
}

/**
 * Redeems a link by its stored grant, without another use or passphrase (GRANT-5). Stores a new grant's token before
 * sending it, in case the reply is lost. `ended`: the grant was revoked or expired, and the link is redeemed.
 */
export async function redeemLink<T extends RedeemedForReading = RedeemedShare>(
  connection: { redeemShare(request: RedeemShareRequest): Promise<T> }, request: Omit<RedeemShareRequest, 'grant'>,
  grants: GrantStore, ended?: (error: ShareRpcError) => void,
): Promise<T> {
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
        // Another tab may have stored a new one.
        if (grants.get(link) !== kept) return redeemLink(connection, request, grants, ended);
        grants.delete(link);
      } else if (error.code !== 'invalid_token' && error.code !== 'rate_limited') throw error;
      // The server may not have the grant: redeem the link with it.
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

/** Returns whether a grant was revoked or expired (GRANT-6). */
export function hasEnded({ code, action }: ShareRpcError): boolean {
  return action === 'redeem' && (code === 'capability_revoked' || code === 'capability_expired');
}
