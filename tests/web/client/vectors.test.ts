import { describe, expect, test } from 'vitest';
import { createHash, createHmac } from 'node:crypto';
import { base62OfBytes, hex } from '../../../src/clients/js/src/base62.js';
import { ID_CHARACTERS, OP_ID_CHARACTERS } from '../../../src/clients/js/src/ids.js';
import {
  capIdOf,
  errorInfo,
  errorNames,
  findLink,
  foldOp,
  formatLink,
  isId,
  isOpId,
  newId,
  newOpId,
  newToken,
  parseLink,
  passphraseDigest,
  rpcAddress,
  ShareRpcError,
  tokenDigest,
  type Doc,
  type ShownOp,
} from '../../../src/clients/js/src/index.js';
import { hmac, sha256 } from '../../../src/clients/js/src/sha256.js';
import { isDigest, TOKEN_CHARACTERS } from '../../../src/clients/js/src/tokens.js';
import { load, type Vector } from './vectors.js';

const each = (suite: string) => test.each(load(suite).map((vector) => [vector.id, vector.comment, vector] as const));

describe('an id', () => {
  each('ids')('%s: %s', (_id, _comment, { input, expect: expected }) => {
    if (input.kind === 'encode') expect(base62OfBytes(Uint8Array.from(Buffer.from(input.hex, 'hex')), ID_CHARACTERS))
      .toBe(expected);
    else expect(input.kind === 'op' ? isOpId(input.text) : isId(input.text)).toBe(expected);
  });

  test('that is fresh is well formed, unlike the last one, and op ids rise with time', () => {
    expect(isId(newId())).toBe(true);
    expect(newId()).not.toBe(newId());
    expect(newOpId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(newOpId(1_795_200_000_001) > newOpId(1_795_200_000_000)).toBe(true);
  });
});

describe('a token', () => {
  each('tokens')('%s: %s', async (_id, _comment, { input, expect: expected }) => {
    if (input.kind === 'digest') expect(isDigest(input.text)).toBe(expected.valid);
    else if (input.kind === 'passphrase') expect(await passphraseDigest(input.text, input.passphrase))
      .toBe(expected.digest);
    else {
      expect(capIdOf(input.text)).toBe(expected.valid ? expected.cap_id : undefined);
      if (expected.valid) expect(await tokenDigest(input.text)).toBe(expected.digest);
    }
  });

  test('that is fresh is one, with its digest', async () => {
    const capId = newId();
    const { token, digest } = await newToken(capId);
    expect(capIdOf(token)).toBe(capId);
    expect(await tokenDigest(token)).toBe(digest);
    expect((await newToken(capId)).token).not.toBe(token);
  });
});

describe('SHA-256', () => {
  test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])('of %i bytes is that of the platform, and so is the HMAC',
    (length) => {
    const message = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    expect(hex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'));
    expect(hex(hmac(message, Uint8Array.of(1, 2)))).toBe(createHmac('sha256', message).update('\x01\x02')
      .digest('hex'));
  });
});

describe('a link', () => {
  each('links')('%s: %s', (_id, _comment, { input, expect: expected, found = expected }) => {
    const it = findLink(input);
    expect(it && { server: new URL(it.server).href, share_id: it.shareId ?? '', token: it.token }).toEqual(found
      ? { server: new URL(found.server).href, share_id: found.share_id, token: found.token } : undefined);
    if (expected === null) {
      expect(() => parseLink(input)).toThrow('not a share link');
      return;
    }
    const link = parseLink(input);
    expect(new URL(link.server).href).toBe(new URL(expected.server).href);
    expect(link.shareId ?? '').toBe(expected.share_id);
    expect(link.token).toBe(expected.token);
    expect(rpcAddress(link.server)).toBe(expected.rpc);
    expect(formatLink(link)).toBe(expected.text);
  });
});

describe('folding', () => {
  each('fold')('%s: %s', (_id, _comment, { input, expect: expected }) => {
    const at = { kind: 'part', key: 'p' };
    const doc: Doc | undefined = input.doc === null ? undefined : { ...at, cursor: 1, data: input.doc };
    const before = JSON.stringify(doc);
    const op = { ...at, cursor: 2, op_id: 'a', verb: input.verb, actor: 'x', time_ms: 0, schema_version: 1 } as ShownOp;
    const folded = foldOp(doc, 'data' in input ? { ...op, data: input.data } : op);
    expect(folded?.data ?? null).toEqual(expected);
    expect(JSON.stringify(doc)).toBe(before);
  });

  test('skips what the document holds, and what is hidden', () => {
    const doc: Doc = { kind: 'part', key: 'p', cursor: 5, data: { text: 'a' } };
    const op = { cursor: 5, op_id: 'a', verb: 'remove', kind: 'part', key: 'p', actor: 'x', time_ms: 0,
      schema_version: 1 } as ShownOp;
    expect(foldOp(doc, op)).toBe(doc);
    expect(foldOp(doc, { cursor: 6, hidden: true })).toBe(doc);
    expect(foldOp(doc, { ...op, cursor: 6 })).toBeUndefined();
  });

  test('keeps what the reader has of a document of which an op is hidden', () => {
    const at = { kind: 'part', key: 'p' };
    const reduced = { ...at, cursor: 6, redacted: true } as const;
    expect(foldOp({ ...at, cursor: 5, data: { text: 'a' } }, reduced)).toEqual({ ...reduced, data: { text: 'a' } });
    expect(foldOp(undefined, reduced)).toEqual({ ...reduced, data: {} });
    expect(foldOp({ ...at, cursor: 5, data: {} }, { ...reduced, verb: 'remove' })).toBeUndefined();
  });

  test('takes __proto__ for a name like any other', () => {
    const op = { cursor: 1, op_id: 'a', verb: 'append', kind: 'part', key: 'p', actor: 'x', time_ms: 0,
      schema_version: 1 } as ShownOp;
    const doc = foldOp(undefined, { ...op, data: { field: '__proto__', text: 'x' } });
    expect(JSON.stringify(doc?.data)).toBe('{"__proto__":"x"}');
  });
});

describe('an error', () => {
  const vectors = load('errors');
  each('errors')('%s: %s', (_id, _comment, { input, expect: expected }) => {
    if (input.data) {
      const error = new ShareRpcError(input.data);
      const { number, transient, action, retryAfterMs, head, ackedSeq } = error;
      const { retry_after_ms, head: itsHead, acked_seq } = expected;
      expect({ number, transient, action, retryAfterMs, head, ackedSeq }).toEqual({
        number: expected.number,
        transient: expected.transient,
        action: expected.action,
        retryAfterMs: retry_after_ms,
        head: itsHead,
        ackedSeq: acked_seq,
      });
      return;
    }
    expect(errorNames).toContain(expected.name);
    const { name, ...info } = expected;
    expect(errorInfo(name)).toEqual({ number: input.number, ...info });
  });

  test('is known here if and only if it has a vector', () => {
    const named = vectors.map((vector: Vector) => vector.expect.name).filter((name) => name !== undefined);
    expect([...errorNames].sort()).toEqual(named.sort());
  });
});

describe('a limit of the grammar', () => {
  const known: Record<string, number> = {
    id_characters: ID_CHARACTERS,
    op_id_characters: OP_ID_CHARACTERS,
    token_characters: TOKEN_CHARACTERS,
  };
  const vectors = load('limits').filter((vector) => vector.input.fixed in known);
  test.each(vectors.map((vector) => [vector.id, vector.comment, vector] as const))('%s: %s',
    (_id, _comment, vector) => {
    expect(known[vector.input.fixed]).toBe(vector.expect);
  });
});
