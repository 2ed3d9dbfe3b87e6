import { describe, expect, test } from 'vitest';
import { ShareRpcError } from '../../../../src/clients/js/src/index.js';
import { load } from '../vectors.js';
import { server, World } from './world.js';

describe.skipIf(!server)('a method', () => {
  test.each(load('rights').map((vector) => [vector.id, vector.comment, vector] as const))('%s: %s',
    async (_id, _comment, vector) => {
    const { object, rights, method, params, child, cancel } = vector.input;
    const refs: Record<string, unknown> = { it: { of: object === 'root' ? 'root' : 'owner', rights } };
    if (child) refs['child'] = { of: 'it', rights: ['attenuate'] };
    const world = await World.create({ refs });
    try {
      const { handle } = await world.redeem('main', 'it');
      const call = handle.call(method, await world.resolve(params));
      const second = 2; // the redemption was the first call of this connection
      if (cancel) (await world.connect('main')).notify('$/cancelRequest', { id: second });
      const isForbidden = await call.then(
        () => false,
        (error: unknown) => error instanceof ShareRpcError && error.code === 'forbidden',
      );
      expect(isForbidden).toBe(vector.expect === 'forbidden');
    } finally {
      world.close();
    }
  });
});

describe.skipIf(!server)('a limit', () => {
  const vectors = load('limits').filter((vector) => vector.input.name);
  test.each(vectors.map((vector) => [vector.id, vector.comment, vector] as const))('%s: %s is announced',
    async (_id, _comment, vector) => {
    const world = await World.create({});
    try {
      expect((await world.redeemShare('main', 'owner')).limits[vector.input.name]).toBe(vector.expect);
    } finally {
      world.close();
    }
  });
});
