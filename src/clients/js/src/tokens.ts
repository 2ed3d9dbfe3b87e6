import { base62, base62OfBytes, hex, randomBytes } from './base62.js';
import { hmac, sha256 } from './sha256.js';

export const TOKEN_CHARACTERS = 78;
const CHECKSUM = 6;
const SECRET = 43;

/** Returns a token's cap id; `undefined` if invalid (TOKEN-1, TOKEN-2). */
export function capIdOf(token: string): string | undefined {
  const match = /^srpc_([0-9A-Za-z]{22})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/.exec(token);
  return match && token.length === TOKEN_CHARACTERS && isChecked(token) ? match[1] : undefined;
}

/** Returns whether a text is a digest (TOKEN-3). */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text) && text.length === 64;
}

/** Makes a token, and the digest to send instead of it (CAP-1). */
export function newToken(capId: string): { token: string; digest: string } {
  const token = tokenOf(capId, randomBytes(32));
  return { token, digest: tokenDigest(token) };
}

/** Makes the token of a secret of 32 bytes, for whoever derives secrets instead of keeping tokens. */
export function tokenOf(capId: string, secret: Uint8Array): string {
  if (secret.length !== 32) throw new RangeError('A secret has 32 bytes.');
  const body = `srpc_${capId}_${base62OfBytes(secret, SECRET)}`;
  return `${body}_${checksum(body)}`;
}

/** TOKEN-3. */
export function tokenDigest(token: string): string {
  return hex(sha256(utf8(bodyOf(token))));
}

/** TOKEN-5, with the passphrase in NFC. */
export function passphraseDigest(token: string, passphrase: string): string {
  return hex(hmac(utf8(bodyOf(token)), utf8(passphrase.normalize('NFC'))));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function bodyOf(token: string): string {
  return token.slice(0, -CHECKSUM - 1);
}

function isChecked(text: string): boolean {
  return text.endsWith(`_${checksum(bodyOf(text))}`);
}

/** CRC-32 (IEEE 802.3) in base62 (TOKEN-2). */
function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return base62(BigInt((crc ^ 0xffffffff) >>> 0), CHECKSUM);
}
