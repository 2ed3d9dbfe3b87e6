import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Backoff } from '../../../src/clients/js/src/backoff.js';
import { Connection, Disconnected, follow, ShareFollower, ShareRpcError,
  type FollowOptions } from '../../../src/clients/js/src/index.js';
import { op, page, redeemed, ScriptedServer, type Call } from './scripted.js';

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
let server: ScriptedServer;
afterEach(() => server?.close());

async function followAll(script: (call: Call) => void, options: Partial<FollowOptions> = {}): Promise<number[]> {
  server = await ScriptedServer.start(script);
  const seen: number[] = [];
  for await (const { ops } of follow(server.address, { ...platform, token: 't', ...options }))
    seen.push(...ops.map(({ cursor }) => cursor));
  return seen;
}

describe('following', () => {
  test('resumes by its token where it was, without a hole and without a double', async () => {
    const states: string[] = [];
    const seen = await followAll(
      (call) => {
        if (call.connection > 1) call.answer(redeemed({ page: page(2, 4, { ended: true }) }));
        else if (call.method === 'redeemShare') call.answer(redeemed({ page: page(0, 2) }));
        else call.socket.terminate();
      },
      { onState: (state) => states.push(state) },
    );
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(server.redemptions.map(({ token }) => token)).toEqual(['t', 't']);
    expect(server.calls.at(-1)!.params.read).toEqual({ after: 2 });
    expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live']);
  });

  test.each(['capability_revoked', 'capability_expired', 'capability_used_up', 'share_deleted', 'forbidden',
    'passphrase_required'])(
    'ends at %s, which is final',
    async (code) => {
      const error = await followAll((call) => call.refuse(code, false)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ShareRpcError);
      expect((error as ShareRpcError).code).toBe(code);
      expect(server.connections).toBe(1);
    },
  );

  test('goes on trying while the share may not be there yet, and says why', async () => {
    const troubles: string[] = [];
    const seen = await followAll(
      (call) => {
        if (call.connection === 1) call.refuse('invalid_token', false);
        else if (call.connection === 2) call.refuse('capability_suspended', true);
        else if (call.connection === 3) call.refuse('rate_limited', true, { retry_after_ms: 20 });
        else call.answer(redeemed({ page: page(0, 1, { ended: true }) }));
      },
      { onTrouble: (error) => troubles.push(error.code) },
    );
    expect(seen).toEqual([1]);
    expect(troubles).toEqual(['invalid_token', 'capability_suspended', 'rate_limited']);
  });

  test('gives up on a wrong token when its patience is over', async () => {
    const error = await followAll((call) => call.refuse('invalid_token', false), { patienceMs: 0 })
      .catch((reason: unknown) => reason);
    expect((error as ShareRpcError).code).toBe('invalid_token');
  });

  test('takes a waiting read that is never answered for a connection that went', async () => {
    const seen = await followAll(
      (call) => {
        if (call.connection === 1 && call.method === 'redeemShare') call.answer(redeemed({ page: page(0, 1) }));
        else if (call.connection > 1) call.answer(redeemed({ page: page(1, 2, { ended: true }) }));
      },
      { waitMs: 30, marginMs: 1_000 },
    );
    expect(seen).toEqual([1, 2]);
    expect(server.connections).toBe(2);
  });

  test('does not show a page with a hole in it', async () => {
    const error = await followAll((call) => call.answer(redeemed({ page: { ops: [op(2)], cursor: 2, head: 2 } })))
      .catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain('skipped from cursor 0 to 2');
  });

  test('tells of a gap, and goes on behind it', async () => {
    const seen = await followAll((call) => {
      if (call.method === 'redeemShare') call.answer(redeemed({ page: { ops: [], cursor: 0, head: 3, gap: 2 } }));
      else call.answer(page(call.params.after, 3, { ended: true }));
    });
    expect(seen).toEqual([3]);
  });

  test('refuses a token of another share than the link names', async () => {
    const error = await followAll((call) => call.answer(redeemed({ page: page(0, 1) })),
      { shareId: 'other', patienceMs: 0 }).catch(
      (reason: unknown) => reason,
    );
    expect((error as ShareRpcError).code).toBe('invalid_token');
  });

  test('stops when it is aborted', async () => {
    const stop = new AbortController();
    const reading = followAll((call) => (call.method === 'redeemShare' ? call.answer(redeemed()) : stop.abort()), {
      signal: stop.signal,
    });
    await expect(reading).rejects.toThrow('abort');
  });
});

describe('a follower', () => {
  test('is offline when nobody answers', async () => {
    const gone = await ScriptedServer.start(() => {});
    const address = gone.address;
    gone.close();
    server = gone;
    await new Promise<void>((resolve) => {
      const follower: ShareFollower = new ShareFollower(address, {
        ...platform,
        token: 't',
        onDocs: () => {},
        onOps: () => {},
        onEnd: () => {},
        onState: (state) => {
          if (state !== 'offline') return;
          follower.stop();
          resolve();
        },
      });
      follower.start();
    });
  });

  test('reads the state anew behind a gap', async () => {
    const happened: string[] = [];
    server = await ScriptedServer.start((call) => {
      if (call.method === 'redeemShare') call.answer(redeemed());
      else if (call.method === 'getState') call.answer({ docs: [], cursor: happened.includes('gap') ? 7 : 1 });
      else if (call.params.after === 1) call.answer({ ops: [], cursor: 1, head: 7, gap: 5 });
      else call.answer({ ops: [], cursor: 7, head: 7, ended: true });
    });
    await new Promise<void>((resolve) =>
      new ShareFollower(server.address, {
        ...platform,
        token: 't',
        onDocs: (_docs, cursor) => happened.push(`docs ${cursor}`),
        onOps: () => happened.push('ops'),
        onGap: () => happened.push('gap'),
        onEnd: (reason) => (happened.push(String(reason)), resolve()),
      }).start(),
    );
    expect(happened).toEqual(['docs 1', 'gap', 'docs 7', 'ended']);
  });

  test('reads the state anew when the server was restored, though the new log is longer', async () => {
    const happened: string[] = [];
    server = await ScriptedServer.start((call) => {
      const ofRestore = happened.length > 0 ? { generation: 7 } : {};
      if (call.method === 'redeemShare') call.answer(redeemed());
      else if (call.method === 'getState') call.answer({ docs: [], cursor: happened.length > 0 ? 9 : 1, ...ofRestore });
      else if (call.params.after === 1) call.answer({ ops: [op(2)], cursor: 2, head: 9, ...ofRestore });
      else call.answer({ ops: [], cursor: 9, head: 9, ended: true, ...ofRestore });
    });
    await new Promise<void>((resolve) =>
      new ShareFollower(server.address, {
        ...platform,
        token: 't',
        onDocs: (_docs, cursor) => happened.push(`docs ${cursor}`),
        onOps: () => happened.push('ops'),
        onGap: (isRestored) => happened.push(`restored ${isRestored}`),
        onEnd: (reason) => (happened.push(String(reason)), resolve()),
      }).start(),
    );
    expect(happened).toEqual(['docs 1', 'restored true', 'docs 9', 'ended']);
  });

  test('is live only once it has the state up to the head that the redemption named', async () => {
    const happened: string[] = [];
    const page = (key: string, cursor: number, more: object = {}) =>
      ({ docs: [{ kind: 'note', key, cursor, data: {} }], cursor, ...more });
    server = await ScriptedServer.start((call) => {
      if (call.method === 'redeemShare') call.answer(redeemed({ cursor: 9 }));
      else if (call.method === 'getState' && !call.params.after_key) {
        call.answer(page('a', 7, { next_key: { kind: 'note', key: 'a' } }));
      } else if (call.method === 'getState') call.answer(page('b', 8));
      else call.answer({ ops: [op(call.params.after + 1)], cursor: call.params.after + 1, head: 9,
        ...(call.params.after === 8 && { ended: true }) });
    });
    await new Promise<void>((resolve) =>
      new ShareFollower(server.address, {
        ...platform,
        token: 't',
        onState: (state) => happened.push(state),
        onDocs: (docs) => happened.push(`docs ${docs[0]!.key}`),
        onReady: () => happened.push('ready'),
        onOps: (_ops, cursor) => happened.push(`ops ${cursor}`),
        onEnd: () => resolve(),
      }).start(),
    );
    expect(happened).toEqual(['connecting', 'docs a', 'catching_up', 'docs b', 'ready', 'ops 8', 'live', 'ops 9']);
  });

  test('proves a connection that seems fine when it is told to try, and leaves a dead one', async () => {
    let redeemedTimes = 0;
    const follower: { it?: ShareFollower } = {};
    let resolve!: () => void;
    const ended = new Promise<void>((settle) => (resolve = settle));
    server = await ScriptedServer.start((call) => {
      if (call.method === 'redeemShare') call.answer(redeemed(++redeemedTimes === 2
        ? { page: page(1, 1, { ended: true }) } : {}));
      else if (call.method === 'getState') call.answer({ docs: [], cursor: 1 });
      else if (call.params.limit === 1) call.socket.terminate();
      else follower.it!.retryNow();
    });
    follower.it = new ShareFollower(server.address, {
      ...platform,
      token: 't',
      onDocs: () => {},
      onOps: () => {},
      onEnd: () => resolve(),
    });
    follower.it.start();
    await ended;
    expect(redeemedTimes).toBe(2);
  });
});

describe('a connection', () => {
  test('that goes leaves its calls disconnected, which is no refusal', async () => {
    server = await ScriptedServer.start((call) => call.socket.terminate());
    const connection = await Connection.open(server.address, platform);
    await expect(connection.redeemShare({ token: 't' })).rejects.toBeInstanceOf(Disconnected);
    await connection.closed;
    await expect(connection.call('anything')).rejects.toBeInstanceOf(Disconnected);
  });

  test('that is never made is disconnected', async () => {
    server = await ScriptedServer.start(() => {});
    const address = server.address;
    server.close();
    await expect(Connection.open(address, platform)).rejects.toBeInstanceOf(Disconnected);
  });

  test('sends no message that the server has said is too long', async () => {
    server = await ScriptedServer.start((call) => call.answer(redeemed({ limits: { frame_bytes: 100 } })));
    const connection = await Connection.open(server.address, platform);
    await connection.redeemShare({ token: 't' });
    await expect(connection.call('x', { text: 'a'.repeat(100) })).rejects.toThrow('100 bytes');
    connection.close();
  });
});

test('a browser without AbortSignal.any or Web Crypto can follow, and be stopped', async () => {
  const { any } = AbortSignal;
  vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(7) });
  AbortSignal.any = undefined as never;
  const stop = new AbortController();
  try {
    const reading = followAll((call) => (call.method === 'redeemShare' ? call.answer(redeemed()) : stop.abort()), {
      signal: stop.signal,
    });
    await expect(reading).rejects.toThrow('abort');
  } finally {
    AbortSignal.any = any;
    vi.unstubAllGlobals();
  }
});

test('Backoff doubles its ceiling, jitters all of it, and keeps what the server asks for', () => {
  const backoff = new Backoff(100, 1000, () => 0.5);
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([50, 100, 200, 400, 500, 500]);
  expect(backoff.next(3000)).toBe(3000);
  backoff.reset();
  expect(backoff.next()).toBe(50);
});
