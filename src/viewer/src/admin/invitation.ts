import {
  formatLink,
  newId,
  newToken,
  passphraseDigest,
  type AttenuateRequest,
  type Caveats,
  type Redaction,
  type Right,
} from '@sharerpc/client';
import type { AdminSession } from './session.ts';

export interface Invitation {
  label: string;
  rights: Right[];
  redact: Redaction[];
  hidesComments?: boolean;
  /** Milliseconds from now; undefined: no end. */
  lifetimeMs: number | undefined;
  maxUses: number | undefined;
  passphrase: string;
}

const HOUR = 3_600_000;
const AUTHOR_MS = 90 * 24 * HOUR;

export const lifetimes: { value: string; text: string; ms: number | undefined }[] = [
  { value: 'hour', text: '1 hour', ms: HOUR },
  { value: 'day', text: '1 day', ms: 24 * HOUR },
  { value: 'week', text: '7 days', ms: 7 * 24 * HOUR },
  { value: 'month', text: '30 days', ms: 30 * 24 * HOUR },
  { value: 'never', text: 'No end', ms: undefined },
];

export function caveatsOf(invitation: Invitation, now: number): Caveats {
  return {
    ...(invitation.lifetimeMs !== undefined && { expires_at_ms: now + invitation.lifetimeMs }),
    ...(invitation.maxUses !== undefined && { max_uses: invitation.maxUses }),
    ...(invitation.redact.length > 0 && { redact: invitation.redact }),
    ...(invitation.hidesComments && { no_comments: true as const }),
    // An author stays the same for 90 days: it may edit what it said.
    ...(invitation.rights.includes('comment') && { grant_ms: AUTHOR_MS }),
  };
}

/** Makes the ref and returns its link, which cannot be shown again. */
export async function invite(session: AdminSession, shareId: string, invitation: Invitation): Promise<string> {
  const capId = newId();
  const { token, digest } = newToken(capId);
  const label = invitation.label.trim();
  const request: AttenuateRequest = {
    cap_id: capId,
    token_digest: digest,
    rights: invitation.rights,
    caveats: caveatsOf(invitation, Date.now()),
    ...(label && { label }),
    ...(invitation.passphrase && { passphrase_digest: passphraseDigest(token, invitation.passphrase) }),
  };
  await session.invite(shareId, request);
  return formatLink({ server: session.server, shareId, token });
}

/** Sets a new secret and returns the new link. */
export async function rotate(session: AdminSession, shareId: string, capId: string,
  passphrase: string | undefined): Promise<string> {
  const { token, digest } = newToken(capId);
  const digestOfPassphrase = passphrase ? { passphrase_digest: passphraseDigest(token, passphrase) } : {};
  await session.rotate({ cap_id: capId, token_digest: digest, ...digestOfPassphrase });
  return formatLink({ server: session.server, shareId, token });
}
