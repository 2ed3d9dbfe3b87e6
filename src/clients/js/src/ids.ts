import { base62OfBytes, hex, randomBytes } from './base62.js';

export const ID_CHARACTERS = 22;
export const OP_ID_CHARACTERS = 64;

/** Makes a share, cap or writer id (ID-1). */
export function newId(): string {
  return idOf(randomBytes(16));
}

/** Makes the id of 16 bytes, for whoever derives ids. */
export function idOf(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError('An id has 16 bytes.');
  return base62OfBytes(bytes, ID_CHARACTERS);
}

export function isId(text: string): boolean {
  return /^[0-9A-Za-z]{22}$/.test(text) && text.length === ID_CHARACTERS;
}

/** Returns whether a text is an op or batch id (ID-2). */
export function isOpId(text: string): boolean {
  return /^[A-Za-z0-9_.:-]{1,64}$/.test(text) && !text.endsWith('\n');
}

/** Makes an op or batch id: a UUIDv7. */
export function newOpId(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  for (let i = 0, rest = now; i < 6; i++, rest = Math.floor(rest / 256)) bytes[5 - i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
