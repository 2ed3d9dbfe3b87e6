// One scenario's share on a real server, and what the names of its vector stand for (vectors/README.md).
import { Wire } from './wire.mjs';
import { newId, newToken, passphraseDigest } from './secrets.mjs';

const NAME =
  /\{(share|token|cap|digest|writer|id|var|forged|other|(?:other_)?(?:passphrase_)?digest|origin)(?::(\w+))?\}/g;
const JSON_NAME = /"\{json:(\w+)\}"/g;

export class World {
  shareId = newId();
  saved = new Map();
  #secrets = new Map();
  #ids = new Map();
  #wires = new Map();
  #rootLike = new Set(['root']);
  #commenting = new Set();

  constructor(server, rootToken) {
    this.server = server;
    this.rootToken = rootToken;
  }

  /** Makes the share, its owner and the refs of a vector. */
  static async create(server, rootToken, refs = {}) {
    const world = new World(server, rootToken);
    const root = await world.redeem('setup', 'root');
    const owner = world.#secret('owner');
    await root.call('createShare',
      { share_id: world.shareId, cap_id: owner.cap, token_digest: owner.digest, label: 'vector' });
    for (const [name, ref] of Object.entries(refs)) await world.#attenuate(name, ref);
    return world;
  }

  async wire(name) {
    if (!this.#wires.has(name)) this.#wires.set(name, await Wire.open(this.server));
    return this.#wires.get(name);
  }

  drop(name) {
    this.#wires.get(name)?.close();
    this.#wires.delete(name);
  }

  close() {
    for (const wire of this.#wires.values()) wire.close();
  }

  /** Redeems a ref; answers `{result, number, call}`. `more` is JSON text of further members. */
  async redeem(on, name, more = '') {
    const wire = await this.wire(on);
    const method = this.#rootLike.has(name) ? 'redeemRoot' : 'redeemShare';
    const grant = this.#commenting.has(name) && method === 'redeemShare'
      ? `,"grant":{"cap_id":"{cap:${name}_grant}","token_digest":"{digest:${name}_grant}"}` : '';
    const result = await wire.call(method, this.text(`{"token":"{token:${name}}"${more && ','}${more}${grant}}`));
    const number = (result.share ?? result.root).handle;
    return {
      result, number, wire,
      call: (called, params = {}) => wire.call(`$/invokeProxy/${number}/${called}`, params),
    };
  }

  /** A JSON text in which the names are put in. */
  text(text) {
    return text.replace(JSON_NAME, (_, name) => JSON.stringify(this.saved.get(name)))
      .replace(NAME, (whole, what, name) => this.#standsFor(whole, what, name ?? ''));
  }

  #standsFor(whole, what, name) {
    if (what === 'share') return this.shareId;
    if (what === 'var') return String(this.saved.get(name));
    if (what === 'origin') return `${name || 'http'}://${new URL(this.server).host}`;
    if (what === 'writer' || what === 'id') {
      if (!this.#ids.has(whole)) this.#ids.set(whole, newId());
      return this.#ids.get(whole);
    }
    if (name === 'root' && what === 'token') return this.rootToken;
    if (name === 'root' && what === 'cap') return this.rootToken.slice(5, 27);
    if (name === 'root') return newToken(this.rootToken.slice(5, 27)).token;
    const secret = this.#secret(name);
    switch (what) {
      case 'cap': return secret.cap;
      case 'token': return secret.token;
      case 'digest': return secret.digest;
      case 'forged': return newToken(secret.cap).token;
      case 'other': return secret.other.token;
      case 'other_digest': return secret.other.digest;
      case 'passphrase_digest': return passphraseDigest(secret.token, 'open sesame');
      default: return passphraseDigest(secret.other.token, 'open sesame');
    }
  }

  #secret(name) {
    if (!this.#secrets.has(name)) {
      const own = newToken();
      this.#secrets.set(name, { ...own, other: newToken(own.cap) });
    }
    return this.#secrets.get(name);
  }

  async #attenuate(name, ref) {
    const parent = ref.of ?? 'owner';
    if (this.#rootLike.has(parent)) this.#rootLike.add(name);
    const { cap, digest } = this.#secret(name);
    const caveats = ref.caveats ? `,"caveats":${this.text(JSON.stringify(ref.caveats))}` : '';
    const given = Array.isArray(ref) ? ref : ref.rights;
    if (given.includes('comment')) this.#commenting.add(name);
    const rights = JSON.stringify(given);
    const { call } = await this.redeem('setup', parent);
    await call('attenuate', `{"cap_id":"${cap}","token_digest":"${digest}","rights":${rights}${caveats}}`);
  }
}
