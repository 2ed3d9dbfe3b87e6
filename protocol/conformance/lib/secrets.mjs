// Ids, tokens and digests (SPEC, section 18).
import { createHash, createHmac, randomBytes } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function base62(number, length) {
  let text = '';
  for (let i = 0; i < length; i++, number /= 62n) text = DIGITS[Number(number % 62n)] + text;
  return text;
}

const random = (bytes) => BigInt('0x' + randomBytes(bytes).toString('hex'));

function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return BigInt((crc ^ 0xffffffff) >>> 0);
}

export const newId = () => base62(random(16), 22);

export function newToken(capId = newId()) {
  const start = `srpc_${capId}_${base62(random(32), 43)}`;
  return { cap: capId, token: `${start}_${base62(crc32(start), 6)}`, digest: tokenDigest(start + '_000000') };
}

export const tokenDigest = (token) => createHash('sha256').update(token.slice(0, -7)).digest('hex');

export const passphraseDigest = (token, passphrase) =>
  createHmac('sha256', token.slice(0, -7)).update(passphrase).digest('hex');
