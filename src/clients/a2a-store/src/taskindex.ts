import type { ListTasksRequest, Task } from '@a2a-js/sdk';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import type { JsonObject } from '@sharerpc/client';
import { keyOf, type Scope } from './keys.js';
import { docKey } from './log.js';
import type { Shares } from './shares.js';

const KIND = 'a2a_ref';

/** What a list goes by. */
export interface IndexEntry extends JsonObject {
  id: string;
  contextId: string;
  /** 0 until the first save is done. */
  state: number;
  timestamp: string;
}

export function entryOf(task: Task): IndexEntry {
  const { state = 0, timestamp = '' } = task.status ?? {};
  return { id: task.id, contextId: task.contextId, state, timestamp: timestamp ?? '' };
}

/** The tasks of one scope: a share of its own, with a small document for each. */
export class TaskIndex {
  constructor(
    private readonly shares: Shares,
    private readonly scope: Scope,
  ) {}

  /** Returns the entry of a task. One that is there already may be old. */
  async find(taskId: string): Promise<IndexEntry | undefined> {
    return this.#on(async (share) => {
      const name = docKey(KIND, keyOf(taskId));
      if (!share.docs.has(name)) await share.sync();
      return share.docs.get(name)?.data as IndexEntry | undefined;
    });
  }

  async put(entry: IndexEntry): Promise<void> {
    await this.#on((share) => share.append([{ verb: 'put', kind: KIND, key: keyOf(entry.id), data: entry }]));
  }

  /** Returns all that a request asks for, in the order of lists: newest first, then by id, downwards. */
  async list(request: ListTasksRequest): Promise<IndexEntry[]> {
    const all = await this.#on(async (share) => {
      await share.sync();
      return [...share.docs.values()].map((doc) => doc.data as IndexEntry);
    });
    const after = request.statusTimestampAfter ? new Date(request.statusTimestampAfter).getTime() : undefined;
    return all
      .filter((entry) => entry.state !== 0 || entry.timestamp !== '')
      .filter((entry) => !request.contextId || entry.contextId === request.contextId)
      .filter((entry) => !request.status || entry.state === request.status)
      .filter((entry) => after === undefined || (entry.timestamp && new Date(entry.timestamp).getTime() > after))
      .sort(compare);
  }

  async #on<T>(work: (share: Awaited<ReturnType<Shares['ensure']>>) => Promise<T>): Promise<T> {
    const share = await this.shares.ensure(this.shares.keys.share(this.scope, 'index'), 'A2A tasks');
    return share.exclusive(() => work(share));
  }
}

/** Orders as the stores of the SDK do. */
export function compare(one: { timestamp: string; id: string }, other: { timestamp: string; id: string }): number {
  return other.timestamp.localeCompare(one.timestamp) || other.id.localeCompare(one.id);
}

export function pageTokenOf(entry: IndexEntry): string {
  return Buffer.from(`${entry.timestamp}|${entry.id}`).toString('base64');
}

/** Reads a page token; throws what the SDK answers as a malformed request. */
export function placeOf(pageToken: string): { timestamp: string; id: string } {
  const [timestamp, ...id] = Buffer.from(pageToken, 'base64').toString('utf8').split('|');
  if (id.length === 0) throw new RequestMalformedError('Invalid page token format.');
  return { timestamp: timestamp!, id: id.join('|') };
}
