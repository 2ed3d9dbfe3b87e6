// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for short texts: browsers offer Web Crypto on https and localhost only.

const BLOCK = 64;

/** Returns 32 fractional bits of roots (2: square, 3: cube) of the first primes. */
function fractions(count: number, root: number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (prime ** (1 / root) % 1) * 2 ** 32);
}

const INITIAL = fractions(8, 2);
const ROUNDS = fractions(64, 3);

export function sha256(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor((message.length + 8) / BLOCK) + 1) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  const state = INITIAL.slice();
  const words = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += BLOCK) {
    for (let i = 0; i < 64; i++) {
      const [w15, w2] = [words[i - 15]!, words[i - 2]!];
      words[i] = i < 16 ? view.getUint32(block + 4 * i)
        : words[i - 16]! + (rotated(w15, 7) ^ rotated(w15, 18) ^ (w15 >>> 3))
          + words[i - 7]! + (rotated(w2, 17) ^ rotated(w2, 19) ^ (w2 >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g);
      const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + ROUNDS[i]! + words[i]!) | 0;
      const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i]! += value));
  }
  const digest = new Uint8Array(32);
  state.forEach((value, i) => new DataView(digest.buffer).setUint32(4 * i, value));
  return digest;
}

export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(BLOCK);
  padded.set(key.length > BLOCK ? sha256(key) : key);
  const under = (pad: number, text: Uint8Array) =>
    sha256(Uint8Array.from([...padded.map((byte) => byte ^ pad), ...text]));
  return under(0x5c, under(0x36, message));
}

function rotated(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}
