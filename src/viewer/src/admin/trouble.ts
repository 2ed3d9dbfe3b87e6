import { Disconnected, ShareRpcError, type ErrorName } from '@sharerpc/client';
import { whyNoSocket } from '../shared/no-socket.ts';

const sentences: Partial<Record<ErrorName, string>> = {
  invalid_token: 'The server does not know this token.',
  capability_revoked: 'This access has been revoked.',
  capability_expired: 'This access has expired.',
  capability_suspended: 'This access is suspended.',
  capability_used_up: 'This access has been used up.',
  share_deleted: 'This share has been deleted.',
  forbidden: 'This token does not include the right to do that.',
  not_found: 'That is not there, or out of this token’s reach.',
  passphrase_required: 'This token asks for its passphrase.',
  rate_limited: 'Too many tries: wait a little.',
  revocation_not_durable:
    'Access is denied from now on, but the disk has not taken it: revoke again until it succeeds.',
  storage_unavailable: 'The server cannot write at the moment. Nothing has changed.',
  overloaded: 'The server has too much to do at the moment. Try again.',
};

export function endsSession(error: unknown): boolean {
  return (
    error instanceof ShareRpcError &&
    ['invalid_token', 'capability_revoked', 'capability_expired', 'capability_suspended', 'capability_used_up',
      'share_deleted'].includes(
      error.code,
    )
  );
}

const noAnswer = 'The server does not answer.';

/** Says what is wrong; of a server that answers, but takes no WebSocket, why. */
export async function explainTrouble(error: unknown, server: string): Promise<string> {
  return (error instanceof Disconnected && await whyNoSocket(server)) || sayTrouble(error);
}

export function sayTrouble(error: unknown): string {
  if (error instanceof ShareRpcError) return sentences[error.code] ?? error.hint ?? 'The server refused.';
  if (error instanceof Disconnected) return noAnswer;
  return error instanceof Error ? error.message : 'Something went wrong.';
}
