import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TaskState, type StreamResponse, type Task } from '@a2a-js/sdk';
import { ClientFactory, JsonRpcTransportFactory, type Client } from '@a2a-js/sdk/client';
import { afterEach, describe, expect, test } from 'vitest';
import { fresh, message, server } from '../actors.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');
const runner = join(folder, '..', '..', '..', 'node_modules', 'vite-node', 'vite-node.mjs');
const running = new Set<ChildProcess>();

/** The SDK's own server in a process of its own. */
async function startAgent(): Promise<{ address: string; kill(): Promise<void> }> {
  const agent = spawn(process.execPath, [runner, join(folder, 'agent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(agent);
  const { value: address } = await createInterface({ input: agent.stdout! })[Symbol.asyncIterator]().next();
  expect(address).toMatch(/^http/);
  const kill = () => new Promise<void>((resolve) => agent.once('exit', () => resolve()) && agent.kill('SIGKILL'));
  return { address, kill };
}

/** The SDK's own client, as somebody. */
async function connect(address: string, user: string): Promise<Client> {
  const fetchImpl: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('x-user', user);
    return fetch(input, { ...init, headers });
  };
  return new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl })] }).createFromUrl(address);
}

function said(text: string, taskId = '') {
  const sent = message(fresh('message'), text, undefined, taskId);
  return { tenant: '', message: sent, configuration: undefined, metadata: undefined };
}

/** What a stream tells: the parts of its snapshot and of its updates, in order, and its states. */
class Told {
  parts: string[] = [];
  states: TaskState[] = [];
  taskId = '';

  add({ payload }: StreamResponse): this {
    if (payload?.$case === 'task') {
      this.taskId = payload.value.id;
      this.parts = partsOf(payload.value);
      this.states.push(payload.value.status!.state);
    }
    if (payload?.$case === 'artifactUpdate') {
      const texts = payload.value.artifact!.parts.map((part) => (part.content as { value: string }).value);
      this.parts = payload.value.append ? [...this.parts, ...texts] : texts;
    }
    if (payload?.$case === 'statusUpdate') this.states.push(payload.value.status!.state);
    return this;
  }

  async all(stream: AsyncIterable<StreamResponse>): Promise<this> {
    for await (const event of stream) this.add(event);
    return this;
  }
}

function partsOf(task: Task): string[] {
  return task.artifacts.flatMap((one) => one.parts.map((part) => (part.content as { value: string }).value));
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => String(at));

afterEach(() => {
  for (const agent of running) agent.kill('SIGKILL');
  running.clear();
});

describe.skipIf(!server)('agents of the SDK', () => {
  test('a task streams, is there in another process, and is nobody else\'s', async () => {
    const [first, second] = await Promise.all([startAgent(), startAgent()]);
    const [ana, bo] = [fresh('ana'), fresh('bo')];
    const mine = await connect(first.address, ana);
    const told = await new Told().all(mine.sendMessageStream(said('count 10')));
    expect(told.parts).toEqual(upTo(10));
    expect(told.states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);

    const elsewhere = await connect(second.address, ana);
    const found = await elsewhere.getTask({ tenant: '', id: told.taskId, historyLength: undefined });
    expect(partsOf(found)).toEqual(upTo(10));
    const listed = { tenant: '', contextId: '', status: 0, pageToken: '', pageSize: 10 };
    expect((await elsewhere.listTasks(listed as never)).tasks.map((one) => one.id)).toEqual([told.taskId]);

    const others = await connect(second.address, bo);
    const get = others.getTask({ tenant: '', id: told.taskId, historyLength: undefined });
    await expect(get).rejects.toThrow(/not found/i);
    await expect(others.cancelTask({ tenant: '', id: told.taskId, metadata: undefined })).rejects.toThrow(/not found/i);
    await expect(new Told().all(others.resubscribeTask({ tenant: '', id: told.taskId }))).rejects.toThrow(/not found/i);
    expect((await others.listTasks(listed as never)).tasks).toEqual([]);
  });

  test('an agent that is killed in a streaming task loses nothing, and who subscribes elsewhere goes on', async () => {
    const [doomed, watched] = await Promise.all([startAgent(), startAgent()]);
    const ana = fresh('ana');
    const told = new Told();
    const stream = (await connect(doomed.address, ana)).sendMessageStream(said('count 30 hold 12'));
    while (told.parts.length < 12) told.add((await stream.next()).value!);

    // Two subscribers in another process, one from before the kill and one from after it.
    const watcher = await connect(watched.address, ana);
    const before = new Told();
    const subscribed = watcher.resubscribeTask({ tenant: '', id: told.taskId });
    before.add((await subscribed.next()).value!);
    expect(before.parts).toEqual(upTo(12));
    await doomed.kill();
    await expect(stream.next()).rejects.toThrow();
    const after = new Told();
    const again = watcher.resubscribeTask({ tenant: '', id: told.taskId });
    after.add((await again.next()).value!);
    expect(after.parts).toEqual(told.parts); // all that the client had seen

    // The agent comes back in a third process and goes on with the task.
    const back = await startAgent();
    const following = [before.all(subscribed), after.all(again)];
    const rest = await new Told().all(
      (await connect(back.address, ana)).sendMessageStream(said('go on', told.taskId)));
    expect(rest.parts).toEqual(upTo(30));
    for (const one of await Promise.all(following)) {
      expect(one.parts).toEqual(upTo(30));
      expect(one.states.at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
    }
  });

  test('a task whose agent was killed can be cancelled in another process', async () => {
    const [doomed, other] = await Promise.all([startAgent(), startAgent()]);
    const ana = fresh('ana');
    const told = new Told();
    const stream = (await connect(doomed.address, ana)).sendMessageStream(said('count 9 hold 3'));
    while (told.parts.length < 3) told.add((await stream.next()).value!);
    await doomed.kill();
    await expect(stream.next()).rejects.toThrow();
    const client = await connect(other.address, ana);
    const cancelled = await client.cancelTask({ tenant: '', id: told.taskId, metadata: undefined });
    expect(cancelled.status!.state).toBe(TaskState.TASK_STATE_CANCELED);
    expect(partsOf(cancelled)).toEqual(upTo(3));
  });

  test('push configurations work in another process than the one that took them', async () => {
    const [first, second] = await Promise.all([startAgent(), startAgent()]);
    const ana = fresh('ana');
    let seen!: (token: unknown) => void;
    const called = new Promise((resolve) => (seen = resolve));
    const hook = createServer((request, response) => {
      seen(request.headers['x-a2a-notification-token']);
      response.end();
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const stream = (await connect(first.address, ana)).sendMessageStream(said('count 9 hold 3'));
    const told = new Told();
    while (told.parts.length < 3) told.add((await stream.next()).value!);
    const url = `http://127.0.0.1:${(hook.address() as { port: number }).port}/`;
    await (await connect(first.address, ana)).createTaskPushNotificationConfig(
      { tenant: '', taskId: told.taskId, id: '', url, token: 'for the hook', authentication: undefined });
    await first.kill();
    await new Told().all((await connect(second.address, ana)).sendMessageStream(said('go on', told.taskId)));
    expect(await called).toBe('for the hook');
    hook.close();
  });
});
