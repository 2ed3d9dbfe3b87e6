import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { follow, ShareRpcError, type FollowOptions } from '../../../src/clients/js/src/index.js';
import { page, push, redeemed, ScriptedServer, type Call } from './scripted.js';

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
const pushing = {
  features: { caveats: [], methods: ['readOps', 'subscribe'], extensions: [] },
  limits: { credit_bytes: 1_000, wait_ms: 5_000 },
};
let server: ScriptedServer;
afterEach(() => server?.close());

async function followAll(script: (call: Call) => void, options: Partial<FollowOptions> = {}): Promise<number[]> {
  server = await ScriptedServer.start(script);
  const seen: number[] = [];
  for await (const { ops } of follow(server.address, { ...platform, token: 't', ...options }))
    seen.push(...ops.map(({ cursor }) => cursor));
  return seen;
}

const subscriptions = () => server.calls.filter(({ method }) => method === 'subscribe').map(({ params }) => params);

describe('a server that pushes', () => {
  test('is subscribed to once, behind the first page', async () => {
    const seen = await followAll((call) => {
      if (call.method === 'redeemShare') return call.answer(redeemed({ ...pushing, page: page(0, 2) }));
      push(call, 2, 3);
      push(call, 3, 3); // a sign of life
      push(call, 3, 5);
      call.answer(page(5, 5, { ended: true }));
    });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(server.calls.map(({ method }) => method)).toEqual(['redeemShare', 'subscribe']);
    expect(subscriptions()).toEqual([{ after: 2, credit: 1_000, subscription: 0 }]);
  });

  test('gets credit back once half of it is used', async () => {
    const seen = await followAll((call) => {
      if (call.method === 'redeemShare') return call.answer(redeemed({ ...pushing, page: page(0, 0) }));
      server.onNotice = () => call.answer(page(2, 2, { ended: true }));
      push(call, 0, 1, 400);
      push(call, 1, 2, 200);
    });
    expect(seen).toEqual([1, 2]);
    expect(server.notices[0]).toMatchObject({ method: 'credit', params: { subscription: 0, bytes: 600 } });
  });

  test('is followed on where a lost connection broke off', async () => {
    const seen = await followAll((call) => {
      if (call.method === 'redeemShare') {
        return call.answer(redeemed({ ...pushing, page: page(call.params.read.after, call.params.read.after) }));
      }
      push(call, call.params.after, call.params.after + 2);
      if (call.connection === 3) return call.answer(page(6, 6, { ended: true }));
      call.socket.close(1001);
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('ends with the error that a read would get', async () => {
    const error = await followAll((call) => {
      if (call.method === 'redeemShare') return call.answer(redeemed({ ...pushing, page: page(0, 1) }));
      call.refuse('capability_revoked', false, { action: 'stop' });
    }).catch((reason: unknown) => reason);
    expect((error as ShareRpcError).code).toBe('capability_revoked');
  });

  test('is taken for lost when it is silent for too long', async () => {
    const seen = await followAll(
      (call) => {
        if (call.connection >= 2)
          call.answer(redeemed({ page: page(call.params.read.after, 2, { ended: true }) }));
        else if (call.method === 'redeemShare')
          call.answer(redeemed({ ...pushing, limits: { credit_bytes: 1_000, wait_ms: 20 }, page: page(0, 1) }));
      },
      { marginMs: 500 },
    );
    expect(seen).toEqual([1, 2]);
  });

  test('says gap, and is followed from behind it', async () => {
    const seen = await followAll((call) => {
      if (call.method === 'redeemShare') return call.answer(redeemed({ ...pushing, page: page(0, 0, { head: 9 }) }));
      if (call.params.after === 0) return call.answer({ ops: [], cursor: 0, head: 9, gap: 7 });
      push(call, 7, 9);
      call.answer(page(9, 9, { ended: true }));
    });
    expect(seen).toEqual([8, 9]);
    expect(subscriptions().map(({ after, subscription }) => [after, subscription])).toEqual([[0, 0], [7, 1]]);
  });
});
