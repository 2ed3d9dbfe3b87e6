import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { idOf, tokenOf } from '@sharerpc/client';

/** Whose data: nothing of one scope can be named in another. */
export interface Scope {
  tenant: string;
  owner: string;
}

/** A share that any process of the agent finds without asking anybody. */
export interface ShareAddress {
  shareId: string;
  capId: string;
  token: string;
}

/** Derives the ids and tokens of shares from the agent's key, and encrypts with it. */
export class Keys {
  readonly #key: string;
  readonly #sealing: Buffer;

  constructor(key: string) {
    if (key.length < 32) throw new RangeError('key must have at least 32 characters.');
    this.#key = key;
    this.#sealing = this.#derive('seal', 32);
  }

  /** Returns the share of a scope's purpose: its index, its push configurations, or one of its tasks. */
  share(scope: Scope, purpose: 'index' | 'push' | 'task', taskId = ''): ShareAddress {
    const name = JSON.stringify([purpose, scope.tenant, scope.owner, taskId]);
    const capId = idOf(this.#derive(`cap${name}`, 16));
    const token = tokenOf(capId, this.#derive(`token${name}`, 32));
    return { shareId: idOf(this.#derive(`share${name}`, 16)), capId, token };
  }

  /** Encrypts a text that belongs to a place (AES-256-GCM). */
  seal(text: string, place: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, nonce).setAAD(Buffer.from(place));
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** Decrypts; throws for what was not sealed with this key for this place. */
  open(sealed: string, place: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const cipher = createDecipheriv('aes-256-gcm', this.#sealing, bytes.subarray(0, 12)).setAAD(Buffer.from(place));
    cipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString('utf8');
  }

  #derive(name: string, bytes: number): Buffer {
    return createHmac('sha256', this.#key).update(`sharerpc-a2a/1/${name}`).digest().subarray(0, bytes);
  }
}

/** Returns the key of a document for an id of any form: the id itself where it can be one. */
export function keyOf(id: string): string {
  return /^[\x21-\x2e\x30-\x7d]{1,128}$/.test(id) && !id.startsWith('#')
    ? id : `#${createHash('sha256').update(id).digest('hex')}`;
}
