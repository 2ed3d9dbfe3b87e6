/** The npm package itself against a running server; `eng/deep-tests capnweb` starts one. */
import { newHttpBatchRpcSession, newWebSocketRpcSession, RpcTarget } from 'capnweb';
import { describe, expect, test } from 'vitest';
import { WebSocket as NodeSocket } from 'ws';

const server = process.env.SHARERPC_TEST_SERVER;
const root = process.env.SHARERPC_TEST_ROOT_TOKEN!;
const size = Number(process.env.SHARERPC_SIZE ?? 1_000);

// Node 20 has none of its own; the package needs its constants.
(globalThis as { WebSocket?: unknown }).WebSocket ??= NodeSocket;

// The objects of the server, whose types are those of SPEC: here only their shape counts.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Api = any;

interface Shared {
  id: string;
  secret: string;
  url: string;
}

interface Op {
  key: string;
}

let lastId = 0;
const opId = () => `op-${process.pid}-${Date.now()}-${++lastId}`;
const batch = (...keys: string[]) => ({
  batch_id: opId(),
  ops: keys.map(key => ({ op_id: opId(), verb: 'put', kind: 'part', key, data: { id: key, list: [1, [2], []] } })),
});

const address = (path: string) => server!.replace('http', 'ws') + path;
const readToken = (shared: Shared) => shared.url.split('/share/')[1]!;

function open(path = '/capnweb', headers: Record<string, string> = {}): { api: Api; socket: NodeSocket } {
  const socket = new NodeSocket(address(path), { headers });
  return { api: newWebSocketRpcSession(socket as unknown as WebSocket), socket };
}

async function share(): Promise<Shared> {
  const { api, socket } = open('/rpc/share', { 'x-opencode-share-key': root });
  const shared = await api.createShare(`ses-${opId()}`);
  socket.close();
  return shared;
}

describe.skipIf(!server)('capnweb', () => {
  test('appends behind a redemption in one round trip', async () => {
    const { secret } = await share();
    const { api, socket } = open();
    await new Promise(done => socket.once('open', done));
    let received = 0;
    socket.on('message', () => received++);
    const handle = api.redeemShare(secret).share;
    const acks = [handle.appendOps(batch('a')), handle.appendOps(batch('b')), handle.appendOps(batch('c'))];
    expect(received).toBe(0);
    expect((await Promise.all(acks)).map(ack => ack.cursor)).toEqual([1, 2, 3]);
    socket.close();
  });

  test('takes a promise as an argument', async () => {
    const { secret, ...shared } = await share();
    const { api, socket } = open();
    const ack = api.redeemShare(secret).share.appendOps(batch('a', 'b'));
    const reader = api.redeemShare(readToken({ secret, ...shared })).share;
    const page = await reader.readOps({ after: ack.applied[0].cursor });
    expect(page.ops.map((op: { key: string }) => op.key)).toEqual(['b']);
    expect(page.ops[0].data.list).toEqual([1, [2], []]);
    socket.close();
  });

  test('throws errors with our code and action', async () => {
    const { secret } = await share();
    const { api, socket } = open();
    const handle = api.redeemShare(secret).share;
    await expect(handle.readOps({})).rejects.toMatchObject({ code: 'forbidden', action: 'stop', transient: false });
    await expect(api.redeemShare('srpc_x')).rejects.toMatchObject({ code: 'invalid_token' });
    await expect(handle.nothing()).rejects.toMatchObject({ code: 'method_not_found' });
    await expect(handle.appendOps({ batch_id: 'b', ops: [{ op_id: 'x', data: new Date(0) }] }))
      .rejects.toMatchObject({ code: 'invalid_params' });
    socket.close();
  });

  test('frees a handle when its stub is disposed, and all with the session', async () => {
    const { secret } = await share();
    const watch = open();
    const status = watch.api.redeemRoot(root).root;
    const handles = async () => (await status.serverStatus()).handles;
    const before = await handles();
    const { api, socket } = open();
    const first = await api.redeemShare(secret);
    await api.redeemShare(secret);
    expect(await handles()).toBe(before + 2);
    first[Symbol.dispose]();
    await api.redeemShare('srpc_x').catch(() => undefined);
    expect(await handles()).toBe(before + 1);
    socket.close();
    await expect.poll(handles, { timeout: 60_000 }).toBe(before);
    watch.socket.close();
  });

  test('makes a thousand calls in a batch', async () => {
    const { secret } = await share();
    const api: Api = newHttpBatchRpcSession(`${server}/capnweb`);
    const handle = api.redeemShare(secret).share;
    const acks = await Promise.all(Array.from({ length: size }, (_, i) => handle.appendOps(batch(`k${i}`))));
    expect(acks.map(ack => ack.cursor)).toEqual(Array.from({ length: size }, (_, i) => i + 1));
  });

  test('makes a thousand calls at once over a socket', async () => {
    const { secret } = await share();
    const { api, socket } = open();
    const handle = api.redeemShare(secret).share;
    const acks = await Promise.all(Array.from({ length: size }, (_, i) => handle.appendOps(batch(`k${i}`))));
    expect(acks.at(-1).cursor).toBe(size);
    socket.close();
  });

  test('is called back', async () => {
    const { api, socket } = open('/rpc/share', { 'x-opencode-share-key': root });
    const said: string[] = [];
    expect(await api.probeCallback((word: string) => `${said.push(word)} pong`)).toBe('1 pong');
    expect(said).toEqual(['ping']);
    await expect(api.probeCallback(() => {
      throw new RangeError('mine');
    })).rejects.toThrow('mine');
    class Target extends RpcTarget {
      hear() {
        return 5;
      }
    }
    const echoed = await api.probeValue({ target: new Target() });
    expect(await echoed.target.hear()).toBe(5);
    socket.close();
  });

  test('carries values of all kinds', async () => {
    const value = {
      when: new Date(1749342170815), bytes: new Uint8Array([1, 2, 3]), list: [[], [1, [undefined, null]]],
      big: 123456789012345678901234567890n, not: Number.NaN, much: -Infinity, at: new URL('https://example.com/a?b#c'),
      ints: new Int16Array([-1, 2]), text: 'ä😀\u0000', wrong: new TypeError('no'), nothing: undefined,
    };
    const { api, socket } = open('/rpc/share', { 'x-opencode-share-key': root });
    const back = await api.probeValue(value);
    expect({ ...back, bytes: [...back.bytes], ints: [...back.ints], wrong: `${back.wrong}` })
      .toEqual({ ...value, bytes: [1, 2, 3], ints: [-1, 2], wrong: 'TypeError: no' });
    socket.close();
  });

  test('is told what is not supported', async () => {
    const { secret } = await share();
    const { api, socket } = open();
    await expect(api.redeemShare(secret).rights.map((right: unknown) => right)).rejects.toThrow('takes no remap');
    await expect(api.redeemShare(new Headers({ a: 'b' }))).rejects.toThrow('takes no headers');
    await expect(api.redeemShare(new Blob(['x']))).rejects.toThrow('takes no blob');
    expect((await api.redeemShare(secret)).rights).toContain('append');
    socket.close();
  });

  test('goes on behind its cursor after the session broke in the middle', async () => {
    const shared = await share();
    const batches = Array.from({ length: 40 }, (_, i) => batch(`k${i}`));
    const acked = new Set<string>();
    const seen: string[] = [];
    let cursor = 0;
    let breaks = 0;
    for (let isDone = false; !isDone;) {
      const { api, socket } = open();
      let messages = 0;
      socket.on('message', () => {
        if (++messages === 12) socket.terminate();
      });
      try {
        const writer = api.redeemShare(shared.secret).share;
        const reader = api.redeemShare(readToken(shared)).share;
        for (const one of batches.filter(one => !acked.has(one.batch_id))) {
          await writer.appendOps(one); // an op that the server has from before the break is a duplicate
          acked.add(one.batch_id);
        }
        for (let page; !page || page.cursor < page.head; cursor = page.cursor) {
          page = await reader.readOps({ after: cursor, limit: 5 });
          seen.push(...page.ops.map((op: { key: string }) => op.key));
        }
        isDone = true;
      } catch {
        breaks++;
      }
      socket.terminate();
    }
    expect(breaks).toBeGreaterThan(2);
    expect(seen).toEqual(batches.map(one => one.ops[0]!.key));
  });

  test('follows a share by a callback, which gives the credit back', async () => {
    const shared = await share();
    const writing = open();
    const { share: writer } = await writing.api.redeemShare(shared.secret);
    const { api, socket } = open();
    const reader = await api.redeemShare(readToken(shared));
    expect(reader.features.methods).toContain('subscribe');
    const seen: string[] = [];
    let last = 0;
    const followed = reader.share.subscribe({ after: 0, credit: 2_000 },
      async (page: { ops: Op[]; cursor: number }) => {
      for (const op of page.ops) seen.push(op.key);
      expect(page.cursor).toBeGreaterThanOrEqual(last);
      last = page.cursor;
      await new Promise(done => setTimeout(done, page.cursor % 3)); // answered in any order
    });
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
    await Promise.all(keys.map(key => writer.appendOps(batch(key))));
    await writer.endShare();
    expect(await followed).toMatchObject({ ops: [], cursor: 60, head: 60, ended: true });
    expect(seen).toEqual(keys);
    await expect(reader.share.subscribe({ after: 0, credit: 2_000 }, () => {
      throw new RangeError('enough');
    })).rejects.toThrow('enough');
    const many: Api = newHttpBatchRpcSession(`${server}/capnweb`);
    const alone = many.redeemShare(readToken(shared));
    const [features, refused] = await Promise.all([
      alone.features, alone.share.subscribe({ credit: 1 }, () => {}).catch((error: unknown) => error)]);
    expect(features.methods).not.toContain('subscribe');
    expect(refused).toMatchObject({ code: 'method_not_found' });
    writing.socket.close();
    socket.close();
  });

  test('gets a revocation as an error', async () => {
    const shared = await share();
    const { api, socket } = open();
    const reader = await api.redeemShare(readToken(shared));
    const waiting = reader.share.readOps({ after: 0, wait_ms: 30_000 });
    const admin = open();
    await admin.api.redeemRoot(root).root.revokeCapability({ cap_id: reader.cap_id });
    await expect(waiting).rejects.toMatchObject({ code: 'capability_revoked' });
    admin.socket.close();
    socket.close();
  });
});
