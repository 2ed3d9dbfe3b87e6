import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Connection } from '../../../src/clients/js/src/index.js';
import { page, redeemed, ScriptedServer, type Call } from './scripted.js';

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
let server: ScriptedServer;
afterEach(() => server?.close());

const batch = (id: string, seq: number, text = '') => ({
  batch_id: id, ops: [{ op_id: id, seq, verb: 'put' as const, kind: 'part', key: id, data: { text } }],
});

async function connect(script: (call: Call) => void): Promise<Connection> {
  server = await ScriptedServer.start(script);
  return Connection.open(server.address, platform);
}

const answers = (call: Call) => {
  const { params } = call;
  if (call.method === 'redeemShare') return call.answer(redeemed({ rights: ['read', 'append'],
    writer: { acked_seq: 0 } }));
  if (call.method === 'readOps') return call.answer(page(params.after, 3));
  if (params.batch_id === 'refused') return call.refuse('overloaded', true);
  if (params.batch_id === 'gap') return call.refuse('sequence_gap', false, { acked_seq: 1 });
  call.answer({ cursor: 3, applied: [], duplicates: [], rejected: [] });
};

test('a replay that fits goes with the redemption', async () => {
  const connection = await connect(answers);
  await connection.redeemShare({ token: 't', append: [batch('a', 1, 'x'.repeat(200_000))] });
  expect(server.calls.map(({ method }) => method)).toEqual(['redeemShare']);
});

// Two and three bytes a character count, too.
test.each(['x'.repeat(262_144), 'ü'.repeat(131_072), '…'.repeat(87_400)])(
  'one that does not is sent by appendOps, in order, and read after it (%#)', async (text) => {
    const connection = await connect(answers);
    const append = [batch('a', 1, text), batch('refused', 2), batch('c', 3)];
    const share = await connection.redeemShare({ token: 't', writer_id: 'w', append, read: { after: 0 } });
    expect(server.calls.map(({ method }) => method)).toEqual(['redeemShare', 'appendOps', 'appendOps', 'appendOps',
      'readOps']);
    expect(server.redemptions).toEqual([{ token: 't', writer_id: 'w' }]);
    expect(share.acks!.map(({ batch_id, error }) => [batch_id, error?.code])).toEqual(
      [['a', undefined], ['refused', 'overloaded'], ['c', undefined]]);
    expect([share.cursor, share.writer, share.page!.cursor]).toEqual([3, { acked_seq: 3 }, 3]);
  });

test('it ends where a redemption would', async () => {
  const connection = await connect(answers);
  const append = [batch('a', 1, 'x'.repeat(300_000)), batch('gap', 3), batch('c', 4)];
  const share = await connection.redeemShare({ token: 't', append });
  expect(share.acks!.map(({ batch_id }) => batch_id)).toEqual(['a', 'gap']);
  expect(share.acks![1]!.error).toMatchObject({ code: 'sequence_gap', acked_seq: 1, action: 'resend_from' });
});

test('without the right to read nothing is appended', async () => {
  const connection = await connect((call) => call.answer(redeemed({ rights: ['append'] })));
  const append = [batch('a', 1, 'x'.repeat(300_000))];
  await expect(connection.redeemShare({ token: 't', append, read: { after: 0 } })).rejects.toMatchObject(
    { code: 'forbidden' });
  expect(server.calls.map(({ method }) => method)).not.toContain('appendOps');
});

test('after a redemption a frame may be large', async () => {
  const connection = await connect(answers);
  await connection.redeemShare({ token: 't' });
  await connection.redeemShare({ token: 't', append: [batch('a', 1, 'x'.repeat(300_000))] });
  expect(server.redemptions[1].append).toHaveLength(1);
});
