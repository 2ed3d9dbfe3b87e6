import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PlainWriter, ShareRpcError, type NewOp } from '../../../src/clients/js/src/index.js';
import { redeemed, ScriptedServer, type Call } from './scripted.js';

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
const ops = (count: number): NewOp[] =>
  Array.from({ length: count }, (_, i) => ({ op_id: `o${i + 1}`, verb: 'put', kind: 'note', key: `${i + 1}`,
    data: { i } }));
const ackOf = ({ params }: Call, more: object = {}) => ({
  cursor: params.ops.length, applied: params.ops.map(({ op_id }: NewOp, i: number) => ({ op_id, cursor: i + 1 })),
  duplicates: [], rejected: [], ...more,
});
let server: ScriptedServer;
afterEach(() => server?.close());

async function open(script: (call: Call, nth: number) => void, limits: object = {}): Promise<PlainWriter> {
  let nth = 0;
  server = await ScriptedServer.start((call) => {
    if (call.method === 'redeemShare') call.answer(redeemed({ rights: ['append'], limits }));
    else script(call, ++nth);
  });
  return new PlainWriter(server.address, { ...platform, token: 't' });
}

const batches = () => server.calls.filter(({ method }) => method === 'appendOps').map(({ params }) => params);

describe('a plain writer', () => {
  test('sends the same batch again after a lost reply, with what it expects', async () => {
    const writer = await open((call, nth) => {
      if (nth === 1) return call.socket.terminate();
      call.answer(ackOf(call, { applied: [], duplicates: [{ op_id: 'o1', cursor: 6 }, { op_id: 'o2', cursor: 7 }] }));
    });
    const outcomes = await writer.append(ops(2), { expectedCursor: 5, atomic: true });
    writer.close();
    expect(batches()[1]).toEqual(batches()[0]);
    expect(batches()[0]).toMatchObject({ expected_cursor: 5, atomic: true });
    expect(outcomes).toEqual([
      { op_id: 'o1', cursor: 6, outcome: 'duplicate' }, { op_id: 'o2', cursor: 7, outcome: 'duplicate' },
    ]);
  });

  test('gives a changed head to its caller, who decides again', async () => {
    const writer = await open((call) => call.refuse('cursor_mismatch', false, { action: 'ask', head: 9 }));
    const error = await writer.append(ops(1), { expectedCursor: 5 }).catch((reason: unknown) => reason);
    writer.close();
    expect([(error as ShareRpcError).code, (error as ShareRpcError).head]).toEqual(['cursor_mismatch', 9]);
    expect(batches()).toHaveLength(1);
  });

  test('keeps to the server\'s limits, splits what is refused, and rejects the op that is to blame', async () => {
    const writer = await open((call) => {
      const bad = call.params.ops.some(({ op_id }: NewOp) => op_id === 'o3');
      if (bad) call.refuse('invalid_batch', false, { action: 'split' });
      else call.answer(ackOf(call));
    }, { batch_ops: 4 });
    const outcomes = await writer.append(ops(6));
    writer.close();
    expect(outcomes.filter(({ outcome }) => outcome === 'rejected')).toEqual([
      { op_id: 'o3', outcome: 'rejected', code: 'invalid_batch' },
    ]);
    expect(outcomes.map(({ op_id }) => op_id).sort()).toEqual(['o1', 'o2', 'o3', 'o4', 'o5', 'o6']);
    expect(Math.max(...batches().map((batch) => batch.ops.length))).toBe(4);
  });

  test('tells its caller that the server was restored between two redemptions', async () => {
    let generation = 0;
    let restored = 0;
    let appended = 0;
    server = await ScriptedServer.start((call) => {
      if (call.method === 'redeemShare') return call.answer({ ...redeemed({ rights: ['append'] }), generation });
      if (++appended !== 2) return call.answer(ackOf(call));
      generation = 7;
      return call.socket.terminate();
    });
    const writer = new PlainWriter(server.address, { ...platform, token: 't', onRestored: () => restored++ });
    await writer.append(ops(1));
    expect(restored).toBe(0);
    await writer.append(ops(2));
    writer.close();
    expect(restored).toBe(1);
  });

  test('waits out a refusal for now, and ends at one for good', async () => {
    const writer = await open((call, nth) => {
      if (nth === 1) call.refuse('overloaded', true, { action: 'retry', retry_after_ms: 10 });
      else call.refuse('capability_revoked', false, { action: 'stop' });
    });
    const error = await writer.append(ops(1)).catch((reason: unknown) => reason);
    writer.close();
    expect((error as ShareRpcError).code).toBe('capability_revoked');
  });
});
