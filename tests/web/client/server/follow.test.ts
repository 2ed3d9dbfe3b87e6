import { describe, expect, test } from 'vitest';
import { follow, foldOp, newOpId, ShareFollower, ShareRpcError, type Doc,
  type ShareHandle } from '../../../../src/clients/js/src/index.js';
import { platform, server, World } from './world.js';

describe.skipIf(!server)('following a share', () => {
  test('gives what was there, then what comes, and ends with the share', async () => {
    const world = await World.create({});
    const { handle } = await world.redeemShare('writer', 'owner');
    await put(handle, '1');
    const seen: string[] = [];
    for await (const page of follow(server, { ...platform, token: await world.text('{token:owner}') })) {
      for (const op of page.ops) if (!op.hidden) seen.push(op.key);
      if (seen.length === 1) await put(handle, '2');
      else await handle.endShare();
    }
    expect(seen).toEqual(['1', '2']);
    world.close();
  });

  test('throws when the access is taken back, which is not a lost connection', async () => {
    const world = await World.create({ refs: { eye: ['read'] } });
    const { handle } = await world.redeemShare('writer', 'owner');
    await put(handle, '1');
    const reading = (async () => {
      for await (const page of follow(server, { ...platform, token: await world.text('{token:eye}') })) {
        expect(page.ops.length).toBe(1);
        await handle.revokeCapability(await world.text('{cap:eye}'));
      }
    })();
    const error = await reading.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ShareRpcError);
    expect((error as ShareRpcError).code).toBe('capability_revoked');
    world.close();
  });

  test('by a redacted reader folds to the state that it is given (REDACT-7)', async () => {
    const world = await World.create({ refs: { eye: { rights: ['read'], caveats: { redact: ['tools'] } } } });
    const { handle } = await world.redeemShare('writer', 'owner');
    const part = async (verb: 'put' | 'append', key: string, data: object) => {
      const op = { op_id: newOpId(), verb, kind: 'part', key, data: data as Doc['data'] };
      await handle.appendOps({ batch_id: newOpId(), ops: [op] });
    };
    await part('put', 'a', { type: 'text', text: 'seen' });
    await part('append', 'a', { field: 'note', text: 'SECRET' });
    await part('put', 'b', { type: 'text', text: 'seen' });
    await part('append', 'b', { field: 'type', text: 'SECRET' });
    await handle.endShare();
    const docs = new Map<string, Doc>();
    for await (const page of follow(server, { ...platform, token: await world.text('{token:eye}') })) {
      for (const op of page.ops) {
        const doc = op.hidden ? undefined : foldOp(docs.get(op.key), op);
        if (doc) docs.set(doc.key, doc);
        else if (!op.hidden) docs.delete(op.key);
      }
    }
    const { handle: eye } = await world.redeemShare('reader', 'eye');
    expect([...docs.values()]).toEqual((await eye.getState()).docs);
    expect([...docs.keys()]).toEqual(['a']);
    world.close();
  });

  test('as state, then changes, folds to what the server folds', async () => {
    const world = await World.create({});
    const { handle } = await world.redeemShare('writer', 'owner');
    await put(handle, '1');
    const docs = new Map<string, Doc>();
    const ended = new Promise((resolve) => {
      new ShareFollower(server, {
        ...platform,
        token: 'srpc_nobody',
        onDocs: () => {},
        onOps: () => {},
        onEnd: resolve,
        patienceMs: 0,
      }).start();
    });
    expect(((await ended) as ShareRpcError).code).toBe('invalid_token');
    const token = await world.text('{token:owner}');
    let changed: Promise<unknown> | undefined;
    const reason = await new Promise((resolve) => {
      new ShareFollower(server, {
        ...platform,
        token,
        shareId: world.shareId,
        onDocs: (page) => page.forEach((doc) => docs.set(doc.key, doc)),
        onReady: () => {
          changed = append(handle, '1').then(() => put(handle, '2')).then(() => handle.endShare());
        },
        onOps: (ops) => {
          for (const op of ops) if (!op.hidden) docs.set(op.key, foldOp(docs.get(op.key), op)!);
        },
        onEnd: resolve,
      }).start();
    });
    expect(reason).toBe('ended');
    await changed; // the follower may see the end before whoever made it has the answer
    expect([...docs.values()]).toEqual((await handle.getState()).docs);
    world.close();
  });
});

function put(handle: ShareHandle, key: string) {
  return handle.appendOps({ batch_id: newOpId(),
    ops: [{ op_id: newOpId(), verb: 'put', kind: 'note', key, data: { text: key } }] });
}

function append(handle: ShareHandle, key: string) {
  const op = { op_id: newOpId(), verb: 'append' as const, kind: 'note', key, data: { field: 'text', text: '!' } };
  return handle.appendOps({ batch_id: newOpId(), ops: [op] });
}
