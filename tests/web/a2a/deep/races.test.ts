import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { TaskConflictError, type ShareTaskStore } from '@sharerpc/a2a-store';
import { describe, expect, test } from 'vitest';
import { callOf, fresh, open, server, task } from '../actors.js';

const SAVES = process.env['SHARERPC_SIZE'] ? Number(process.env['SHARERPC_SIZE']) : 1000;

/** A way to the server that can swallow its answers, and be cut. */
class Proxy {
  isMute = false;
  readonly #sockets = new Set<Socket>();
  readonly #listening = createServer((client) => {
    const { hostname, port } = new URL(server!);
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].forEach((one) => one.destroy()) as never);
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => this.isMute || client.write(data));
  });

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#listening.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#listening.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isMute = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#listening.close();
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise(setImmediate);
}

async function countOf(store: ShareTaskStore, id: string, owner: string): Promise<number> {
  return ((await store.load(id, callOf(owner)))!.metadata?.['count'] as number) ?? 0;
}

describe.skipIf(!server)('saves that race or lose their answers', () => {
  const won = 'a save that won is told so though its answer was lost (overtaken: %s)';
  test.each([false, true])(won, async (isOvertaken) => {
    const proxy = new Proxy();
    const [behind, direct] = [open({ server: await proxy.open() }), open()];
    const [id, ana] = [fresh('lost'), fresh('ana')];
    await behind.save(task(id), callOf(ana));
    const call = callOf(ana);
    const loaded = (await behind.load(id, call))!;
    loaded.metadata = { count: 1 };
    proxy.isMute = true;
    const saving = behind.save(loaded, call);
    await until(async () => (await countOf(direct, id, ana)) === 1);
    if (isOvertaken) {
      const theirs = callOf(ana);
      const next = (await direct.load(id, theirs))!;
      next.metadata = { count: 2 };
      await direct.save(next, theirs);
    }
    proxy.cut();
    await saving; // it was the first try that was applied, once
    expect(await countOf(behind, id, ana)).toBe(isOvertaken ? 2 : 1);
    behind.close();
    direct.close();
    proxy.close();
  });

  test('a save whose first try did not arrive fails if it was overtaken', async () => {
    const proxy = new Proxy();
    const [behind, direct] = [open({ server: await proxy.open() }), open()];
    const [id, ana] = [fresh('late'), fresh('ana')];
    await behind.save(task(id), callOf(ana));
    const [call, theirs] = [callOf(ana), callOf(ana)];
    const mine = (await behind.load(id, call))!;
    const next = (await direct.load(id, theirs))!;
    next.metadata = { count: 7 };
    proxy.cut();
    await direct.save(next, theirs);
    mine.metadata = { count: 1 };
    await expect(behind.save(mine, call)).rejects.toThrow(TaskConflictError);
    expect(await countOf(behind, id, ana)).toBe(7);
    behind.close();
    direct.close();
    proxy.close();
  });

  test(`of ${SAVES} saves by twenty at once over four processes' stores none is lost, also over cuts`, async () => {
    const proxy = new Proxy();
    const address = await proxy.open();
    const stores = [open(), open(), open({ server: address }), open({ server: address })];
    const [id, ana] = [fresh('counted'), fresh('ana')];
    await stores[0]!.save(task(id), callOf(ana));
    let conflicts = 0;
    let done = 0;
    const count = async (store: ShareTaskStore): Promise<void> => {
      for (;;) {
        const call = callOf(ana);
        const loaded = (await store.load(id, call))!;
        loaded.metadata = { count: ((loaded.metadata?.['count'] as number) ?? 0) + 1 };
        try {
          await store.save(loaded, call);
          if (++done % Math.ceil(SAVES / 5) === 0) proxy.cut();
          return;
        } catch (error) {
          if (!(error instanceof TaskConflictError)) throw error;
          conflicts++;
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, async (_, worker) => {
      for (let at = worker; at < SAVES; at += 20) await count(stores[worker % stores.length]!);
    }));
    for (const store of stores) expect(await countOf(store, id, ana)).toBe(SAVES);
    expect(conflicts).toBeGreaterThan(0);
    for (const store of stores) store.close();
    proxy.close();
  }, 600_000);

  test(`${SAVES} tasks are made at once, and all are listed`, async () => {
    const store = open();
    const ana = fresh('ana');
    await Promise.all(Array.from({ length: SAVES }, (_, at) => store.save(task(`t${at}`), callOf(ana))));
    const listed = { tenant: '', contextId: '', status: 0, pageToken: '', pageSize: 1 };
    expect((await open().list(listed as never, callOf(ana))).totalSize).toBe(SAVES);
    store.close();
  }, 600_000);
});
