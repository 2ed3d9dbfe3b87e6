import { expect } from 'vitest';
import WebSocket from 'ws';
import {
  Connection, newId, newToken, passphraseDigest, ShareRpcError, type RedeemedRoot, type RedeemedShare,
    type RedeemShareRequest,
} from '../../../../src/clients/js/src/index.js';

/**
 * Where a real server is, and its root token; without them these tests are skipped (the C# test EndToEnd starts one).
 */
export const server = process.env['SHARERPC_TEST_SERVER'] ?? '';
const rootToken = process.env['SHARERPC_TEST_ROOT_TOKEN'] ?? '';

const NAMES = 'share|token|cap|digest|writer|id|var|forged|other|(?:other_)?(?:passphrase_)?digest|origin';
const NAME = new RegExp(`\\{(${NAMES})(?::(\\w+))?\\}`, 'g');

export const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };

interface Secret {
  cap: string;
  token: string;
  digest: string;
  other: { token: string; digest: string };
  passphrase: string;
  otherPassphrase: string;
}

/** One scenario's share, and what the names of its vector stand for. */
export class World {
  readonly shareId = newId();
  readonly saved = new Map<string, any>();
  readonly #secrets = new Map<string, Secret>();
  readonly #ids = new Map<string, string>();
  readonly #connections = new Map<string, Connection>();
  readonly #rootLike = new Set(['root']);
  readonly #commenting = new Set<string>();

  static async create(input: any): Promise<World> {
    const world = new World();
    const root = await (await world.connect('setup')).redeemRoot({ token: rootToken });
    const owner = await world.#secret('owner');
    await root.handle.createShare({ share_id: world.shareId, cap_id: owner.cap, token_digest: owner.digest,
      label: 'vector' });
    for (const [name, ref] of Object.entries(input.refs ?? {})) await world.#attenuate(name, ref);
    return world;
  }

  async connect(name: string): Promise<Connection> {
    let connection = this.#connections.get(name);
    if (!connection) this.#connections.set(name, (connection = await Connection.open(server, platform)));
    return connection;
  }

  drop(name: string): void {
    this.#connections.get(name)?.close();
    this.#connections.delete(name);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async redeem(on: string, name: string, more: Partial<RedeemShareRequest> =
    {}): Promise<RedeemedShare | RedeemedRoot> {
    const connection = await this.connect(on);
    const token = await this.text(`{token:${name}}`);
    if (this.#rootLike.has(name)) return connection.redeemRoot({ token });
    const { cap, digest } = await this.#secret(`${name}_grant`);
    const grant = this.#commenting.has(name) && { grant: { cap_id: cap, token_digest: digest } };
    return connection.redeemShare({ token, ...more, ...grant });
  }

  async redeemShare(on: string, name: string, more: Partial<RedeemShareRequest> = {}): Promise<RedeemedShare> {
    return (await this.redeem(on, name, more)) as RedeemedShare;
  }

  /** A value in whose texts the names are put in. */
  async resolve(value: any): Promise<any> {
    if (typeof value === 'string') {
      const whole = /^\{json:(\w+)\}$/.exec(value);
      return whole ? this.saved.get(whole[1]!) : this.text(value);
    }
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.resolve(item)));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(async ([name, member]) => [await this.text(name),
      await this.resolve(member)]);
    return Object.fromEntries(await Promise.all(entries));
  }

  async text(text: string): Promise<string> {
    let result = text;
    for (const match of text.matchAll(NAME)) result = result.replace(match[0],
      await this.#standsFor(match[0], match[1]!, match[2] ?? ''));
    return result;
  }

  async #standsFor(whole: string, what: string, name: string): Promise<string> {
    if (what === 'share') return this.shareId;
    if (what === 'var') return String(this.saved.get(name));
    if (what === 'origin') return `${name || 'http'}://${new URL(server).host}`;
    if (what === 'writer' || what === 'id') {
      if (!this.#ids.has(whole)) this.#ids.set(whole, newId());
      return this.#ids.get(whole)!;
    }
    if (name === 'root' && what === 'token') return rootToken;
    if (name === 'root' && what === 'cap') return rootToken.slice(5, 27);
    if (name === 'root' && what === 'forged') return (newToken(rootToken.slice(5, 27))).token;
    const secret = await this.#secret(name);
    switch (what) {
      case 'token': return secret.token;
      case 'cap': return secret.cap;
      case 'digest': return secret.digest;
      case 'forged': return (newToken(secret.cap)).token;
      case 'other': return secret.other.token;
      case 'other_digest': return secret.other.digest;
      case 'passphrase_digest': return secret.passphrase;
      default: return secret.otherPassphrase;
    }
  }

  async #secret(name: string): Promise<Secret> {
    const known = this.#secrets.get(name);
    if (known) return known;
    const cap = newId();
    const [own, other] = [newToken(cap), newToken(cap)];
    const fresh = {
      cap, ...own, other,
      passphrase: passphraseDigest(own.token, 'open sesame'),
      otherPassphrase: passphraseDigest(other.token, 'open sesame'),
    };
    if (!this.#secrets.has(name)) this.#secrets.set(name, fresh); // another resolution may have been faster
    return this.#secrets.get(name)!;
  }

  async #attenuate(name: string, ref: any): Promise<void> {
    const parent = ref.of ?? 'owner';
    if (this.#rootLike.has(parent)) this.#rootLike.add(name);
    const { cap, digest } = await this.#secret(name);
    const { handle } = await this.redeem('setup', parent);
    const caveats = ref.caveats && { caveats: await this.resolve(ref.caveats) };
    const rights: string[] = Array.isArray(ref) ? ref : ref.rights;
    if (rights.includes('comment')) this.#commenting.add(name);
    await handle.call('attenuate', { cap_id: cap, token_digest: digest, rights, ...caveats });
  }
}

/** The refusal of a call, as the `data` of its error; fails when it succeeds. */
export async function refusal(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    (result) => { throw new Error(`It was not refused: ${JSON.stringify(result)}`); },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ShareRpcError);
  const { code, transient, action, hint, retryAfterMs, head, ackedSeq } = error as ShareRpcError;
  return { code, transient, action, hint, retry_after_ms: retryAfterMs, head, acked_seq: ackedSeq };
}
