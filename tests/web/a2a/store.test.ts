import { Task, TaskState, type ListTasksRequest } from '@a2a-js/sdk';
import { InMemoryTaskStore } from '@a2a-js/sdk/server';
import { SharePushNotificationStore, TaskConflictError } from '@sharerpc/a2a-store';
import { afterAll, describe, expect, test } from 'vitest';
import { keyOf } from '../../../src/clients/a2a-store/src/keys.js';
import { artifact, callOf, fresh, message, open, server, task, textPart } from './actors.js';

const json = (one: Task | undefined) => one && Task.toJSON(one);

function request(more: Partial<ListTasksRequest> = {}): ListTasksRequest {
  return {
    tenant: '', contextId: '', status: TaskState.TASK_STATE_UNSPECIFIED, pageToken: '',
    statusTimestampAfter: undefined, ...more,
  } as ListTasksRequest;
}

test('an id of any form has a key, and no two ids the same', () => {
  const ids = ['a', 'A-b.c:1', '', '#x', 'a/b', 'ü', 'a b', '\0', 'x'.repeat(500), `#${'0'.repeat(64)}`, '~', '|'];
  const keys = ids.map(keyOf);
  expect(new Set(keys).size).toBe(ids.length);
  for (const key of keys) expect(key).toMatch(/^[\x21-\x2e\x30-\x7d]{1,128}$/);
});

describe.skipIf(!server)('a task store on a server', () => {
  const one = open();
  const other = open();
  const ana = fresh('ana');
  afterAll(() => [one, other].forEach((store) => store.close()));

  test('keeps a task as it is, also for another process, whatever its ids are', async () => {
    const full = task(fresh('full/ü#'), {
      history: [message('m1', 'Hello'), message('m1', 'again'), message('a/b', '🙂')],
      artifacts: [artifact('out', 'one', 'two'), artifact('', 'x'), artifact('out', 'twice')],
      metadata: { a: { b: [1, null, 'c'] } },
    });
    const expected = json(structuredClone(full));
    await one.save(full, callOf(ana));
    expect(json(await other.load(full.id, callOf(ana)))).toEqual(expected);
    expect(await other.load(fresh('none'), callOf(ana))).toBeUndefined();
  });

  test('goes on with a task that another process changed: parts come and go', async () => {
    const id = fresh('changing');
    await one.save(task(id, { artifacts: [artifact('out', 'one')] }), callOf(ana));
    const steps = [[other, ['one', 'two', 'three']], [one, ['one']], [other, []], [one, ['x', 'y']]] as const;
    for (const [store, texts] of steps) {
      const call = callOf(ana);
      const loaded = (await store.load(id, call))!;
      loaded.artifacts = texts.length ? [artifact('out', ...texts)] : [];
      await store.save(loaded, call);
      for (const reader of [one, other])
        expect((await reader.load(id, callOf(ana)))!.artifacts).toEqual(loaded.artifacts);
    }
  });

  test('a save that lost a race fails and changes nothing, in one process and in two', async () => {
    const id = fresh('raced');
    await one.save(task(id), callOf(ana));
    await expect(one.save(task(id), callOf(ana))).rejects.toThrow(TaskConflictError);
    for (const loser of [one, other]) {
      const [first, second] = [callOf(ana), callOf(ana)];
      const mine = (await one.load(id, first))!;
      const theirs = (await loser.load(id, second))!;
      mine.metadata = { winner: 'mine' };
      theirs.metadata = { winner: 'theirs' };
      await one.save(mine, first);
      await expect(loser.save(structuredClone(theirs), second)).rejects.toThrow(TaskConflictError);
      await expect(loser.save(theirs, second)).rejects.toThrow(TaskConflictError);
      expect((await other.load(id, callOf(ana)))!.metadata).toEqual({ winner: 'mine' });
    }
  });

  test('of two that make the same task at once, one does', async () => {
    const id = fresh('twice');
    const results = await Promise.allSettled([one, other].map((store, at) =>
      store.save(task(id, { metadata: { at } }), callOf(ana))));
    const winner = results.findIndex((result) => result.status === 'fulfilled');
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    expect((await one.load(id, callOf(ana)))!.metadata).toEqual({ at: winner });
  });

  test('what belongs to one actor or tenant is not there for another', async () => {
    const id = fresh('private');
    const bo = fresh('bo');
    await one.save(task(id, { metadata: { of: 'ana' } }), callOf(ana));
    for (const call of [() => callOf(bo), () => callOf(ana, 'tenant'), () => callOf('')]) {
      expect(await one.load(id, call())).toBeUndefined();
      expect((await one.list(request(), call())).tasks.map((found) => found.id)).not.toContain(id);
    }
    await one.save(task(id, { metadata: { of: 'bo' } }), callOf(bo)); // the same id is another task there
    expect((await other.load(id, callOf(ana)))!.metadata).toEqual({ of: 'ana' });
    expect((await other.load(id, callOf(bo)))!.metadata).toEqual({ of: 'bo' });
  });

  test('lists as the store in memory of the SDK does, page by page', async () => {
    const memory = new InMemoryTaskStore();
    const cy = fresh('cy');
    const states = [TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED];
    for (let at = 0; at < 12; at++) {
      const made = task(`t${(at * 7) % 12}`, {
        contextId: `c${at % 2}`, artifacts: [artifact('a', 'x')],
        status: { state: states[at % 3]!, message: undefined, timestamp: `2026-11-30T10:00:0${at % 4}.000Z` },
      });
      for (const store of [memory, one]) await store.save(structuredClone(made), callOf(cy));
    }
    const requests = [
      {}, { pageSize: 5 }, { contextId: 'c1', pageSize: 2 }, { status: TaskState.TASK_STATE_COMPLETED },
      { statusTimestampAfter: '2026-11-30T10:00:01.000Z', pageSize: 3 }, { includeArtifacts: true, pageSize: 4 },
    ];
    for (const asked of requests) {
      let pageToken = '';
      do {
        const [expected, found] = await Promise.all(
          [memory, other].map((store) => store.list(request({ ...asked, pageToken }), callOf(cy))));
        expect(found!.tasks.map(json)).toEqual(expected!.tasks.map(json));
        expect([found!.nextPageToken, found!.totalSize]).toEqual([expected!.nextPageToken, expected!.totalSize]);
        pageToken = found!.nextPageToken;
      } while (pageToken);
    }
    await expect(one.list(request({ pageToken: 'x' }), callOf(cy))).rejects.toThrow(/page token/i);
  });

  test('an entry of the index that its process did not bring up to date is repaired by a list', async () => {
    const di = fresh('di');
    await one.save(task('stale'), callOf(di));
    const broken = open();
    const call = callOf(di);
    const loaded = (await broken.load('stale', call))!;
    loaded.status = { ...loaded.status!, state: TaskState.TASK_STATE_COMPLETED };
    const address = broken.shares.keys.share({ tenant: '', owner: di }, 'task', 'stale');
    const { changesTo } = await import('../../../src/clients/a2a-store/src/documents.js');
    const share = broken.shares.open(address);
    await share.exclusive(() => share.append(changesTo(share.docs, loaded), share.cursor));
    broken.close();
    const done = request({ status: TaskState.TASK_STATE_COMPLETED });
    expect((await other.list(request(), callOf(di))).tasks[0]!.status!.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect((await other.list(done, callOf(di))).tasks).toHaveLength(1);
  });

  test('push configurations keep their order and wire version, encrypted and out of other reach', async () => {
    const [push, elsewhere] = [new SharePushNotificationStore(one), new SharePushNotificationStore(other)];
    const config = (id: string, url: string) =>
      ({ id, taskId: 't', tenant: '', url, token: 'the-webhook-secret', authentication: undefined });
    const made = config('', 'https://a.example');
    await push.save('t', callOf(ana), made);
    expect(made.id).not.toBe('');
    await push.save('t', callOf(ana), config('b', 'https://b.example'));
    await push.save('t', callOf(ana), config(made.id, 'https://c.example'));
    await push.save('u', callOf(ana), config('b', 'https://d.example'));
    const found = await elsewhere.loadWithMetadata('t', callOf(ana));
    expect(found.map((stored) => [stored.config.url, stored.wireVersion]))
      .toEqual([['https://b.example', '1.0'], ['https://c.example', '1.0']]);
    expect(found[0]!.config.token).toBe('the-webhook-secret');
    expect(await push.load('t', callOf(fresh('bo')))).toEqual([]);
    const share = one.shares.open(one.shares.keys.share({ tenant: '', owner: ana }, 'push'));
    expect(JSON.stringify([...share.docs.values()])).not.toContain('the-webhook-secret');
    await elsewhere.delete('t', callOf(ana), 'b');
    expect((await push.load('t', callOf(ana))).map((stored) => stored.url)).toEqual(['https://c.example']);
  });

  test('a save is all or nothing, and one of too many parts is refused', async () => {
    const id = fresh('large');
    const parts = Array.from({ length: 1200 }, (_, at) => textPart(String(at)));
    const large = task(id, { artifacts: [{ ...artifact('a'), parts }] });
    await expect(one.save(large, callOf(ana))).rejects.toThrow(RangeError);
    expect(await other.load(id, callOf(ana))).toBeUndefined();
  });
});
