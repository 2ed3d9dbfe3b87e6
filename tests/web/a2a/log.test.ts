import { expect, test } from 'vitest';
import type { Connections } from '../../../src/clients/a2a-store/src/connections.js';
import type { ShareAddress } from '../../../src/clients/a2a-store/src/keys.js';
import { LogShare } from '../../../src/clients/a2a-store/src/log.js';

test('a restored log is read anew, also when the first try to read its state failed', async () => {
  const calls: string[] = [];
  const handle = {
    readOps: async ({ after }: { after: number }) => {
      calls.push(`ops ${after}`);
      return { ops: [], cursor: 9, head: 9, generation: 7 };
    },
    getState: async () => {
      calls.push('state');
      if (calls.length === 2) throw new Error('lost');
      return { docs: [], cursor: 9 };
    },
  };
  const connections = {
    retrying: <T>(work: () => Promise<T>) => work(),
    counted: <T>(call: () => Promise<T>) => call(),
    redeem: async () => ({ handle }),
  } as unknown as Connections;
  const share = new LogShare(connections, { token: 't' } as ShareAddress);
  await expect(share.sync()).rejects.toThrow('lost');
  await share.sync();
  expect(calls).toEqual(['ops 0', 'state', 'ops 0', 'state', 'ops 9']);
});
