import type { ListTasksRequest, ListTasksResponse, Task } from '@a2a-js/sdk';
import type { ServerCallContext, TaskStore } from '@a2a-js/sdk/server';
import { ShareRpcError } from '@sharerpc/client';
import { changesTo, taskOf } from './documents.js';
import type { ShareAddress } from './keys.js';
import { CursorMoved, type Documents, type LogShare } from './log.js';
import { TaskConflictError, type A2aStoreOptions } from './options.js';
import { Shares } from './shares.js';
import { TaskIndex, compare, entryOf, pageTokenOf, placeOf, type IndexEntry } from './taskindex.js';

const DEFAULT_PAGE = 50;
const MOST_PAGE = 100;
/** A task has at most 1,000 documents that change in one save (`batch_ops`). */
const MOST_CHANGES = 1000;

/** A task as it was when it was loaded, for whoever follows from there. */
export interface LoadedTask {
  address: ShareAddress;
  cursor: number;
  docs: Documents;
}

/**
 * Keeps each task in a share of its own. A save goes through if nobody has saved since the caller loaded the task: as
 * this object, or in this call context. Otherwise it throws `TaskConflictError`. When it returns, it is on disk.
 */
export class ShareTaskStore implements TaskStore {
  readonly shares: Shares;
  /** The version of a task object, while whoever loaded it holds it. */
  readonly #ofTask = new WeakMap<Task, number>();
  /** The versions that a call has loaded or saved last, for those who save a copy. */
  readonly #ofCall = new WeakMap<ServerCallContext, Map<string, number>>();
  readonly #followers = new WeakMap<ServerCallContext, Map<string, (loaded: LoadedTask | undefined) => void>>();

  constructor(options: A2aStoreOptions) {
    this.shares = new Shares(options);
  }

  async save(task: Task, context: ServerCallContext): Promise<void> {
    const scope = this.shares.scopeOf(context);
    const index = new TaskIndex(this.shares, scope);
    const expected = this.#ofTask.get(task) ?? this.#ofCall.get(context)?.get(task.id) ?? 0;
    const address = this.shares.keys.share(scope, 'task', task.id);
    let known = await index.find(task.id);
    if (!known) {
      // Before the share: whoever finds no entry looks for no share.
      known = { id: task.id, contextId: task.contextId, state: 0, timestamp: '' };
      await index.put(known);
    }
    const share = expected === 0 ? await this.shares.ensure(address, 'A2A task') : this.shares.open(address);
    const cursor = await share.exclusive(() => this.#append(share, task, expected));
    this.#note(task, context, cursor);
    await this.#index(index, share, entryOf(task), known);
  }

  async load(taskId: string, context: ServerCallContext): Promise<Task | undefined> {
    const scope = this.shares.scopeOf(context);
    const isKnown = await new TaskIndex(this.shares, scope).find(taskId);
    const share = this.shares.open(this.shares.keys.share(scope, 'task', taskId));
    const loaded = isKnown && (await this.#read(share));
    if (!loaded) {
      this.#noteCall(taskId, context, 0);
      this.#tell(taskId, context, undefined);
      return undefined;
    }
    this.#note(loaded.task, context, loaded.cursor);
    this.#tell(taskId, context, { address: share.address, cursor: loaded.cursor, docs: loaded.docs });
    return loaded.task;
  }

  async list(request: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    const scope = this.shares.scopeOf(context);
    const index = new TaskIndex(this.shares, scope);
    const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MOST_PAGE);
    const place = request.pageToken ? placeOf(request.pageToken) : undefined;
    for (let attempt = 0; ; attempt++) {
      const all = await index.list(request);
      const rest = place ? all.filter((entry) => compare(place, entry) < 0) : all;
      const page = rest.slice(0, pageSize);
      const tasks = await Promise.all(page.map(async (entry) =>
        (await this.#read(this.shares.open(this.shares.keys.share(scope, 'task', entry.id))))?.task));
      // An entry is old when its process died between the task and the index.
      const old = tasks.filter((task, at) => task && !isSame(entryOf(task), page[at]!)) as Task[];
      if (old.length > 0 && attempt < 3) {
        for (const task of old) await index.put(entryOf(task));
        continue;
      }
      const shown = tasks.filter((task) => task !== undefined);
      if (!request.includeArtifacts) for (const task of shown) task.artifacts = [];
      const nextPageToken = rest.length > page.length ? pageTokenOf(page.at(-1)!) : '';
      return { tasks: shown, nextPageToken, pageSize, totalSize: all.length };
    }
  }

  /** Returns whether a call has loaded a task. */
  hasLoaded(taskId: string, context: ServerCallContext): boolean {
    return this.#ofCall.get(context)?.has(taskId) ?? false;
  }

  /** Returns the task as this call loads it next; `undefined` if it does not find it. */
  nextLoad(taskId: string, context: ServerCallContext): Promise<LoadedTask | undefined> {
    return new Promise((resolve) => {
      let waiting = this.#followers.get(context);
      if (!waiting) this.#followers.set(context, (waiting = new Map()));
      waiting.set(taskId, resolve);
    });
  }

  /** Closes its connections. What was saved is saved. */
  close(): void {
    this.shares.close();
  }

  async #append(share: LogShare, task: Task, expected: number): Promise<number> {
    if (share.cursor < expected || (expected === 0 && share.cursor === 0)) await share.sync();
    if (share.cursor !== expected) throw new TaskConflictError(task.id);
    const changes = changesTo(share.docs, task);
    if (changes.length > MOST_CHANGES) {
      throw new RangeError(`A save changes at most ${MOST_CHANGES} messages and parts of a task.`);
    }
    try {
      await share.append(changes, expected);
      return expected + changes.length;
    } catch (error) {
      if (!(error instanceof CursorMoved)) throw error;
      await share.sync();
      throw new TaskConflictError(task.id);
    }
  }

  async #read(share: LogShare): Promise<{ task: Task; cursor: number; docs: Documents } | undefined> {
    return share.exclusive(async () => {
      try {
        await share.sync();
      } catch (error) {
        // Its first save has got no further than the index, or it was deleted.
        if (error instanceof ShareRpcError && ['invalid_token', 'share_deleted'].includes(error.code)) return undefined;
        throw error;
      }
      const task = taskOf(share.docs);
      return task && { task, cursor: share.cursor, docs: new Map(share.docs) };
    });
  }

  /**
   * Brings the index up to date. Of two that save at once, either may be the last to write there: so each looks
   * whether the task has gone on, and then writes what it is now.
   */
  async #index(index: TaskIndex, share: LogShare, entry: IndexEntry, known: IndexEntry): Promise<void> {
    for (let written = known; !isSame(entry, written); ) {
      await index.put(entry);
      written = entry;
      const now = await this.#read(share);
      if (now) entry = entryOf(now.task);
    }
  }

  #note(task: Task, context: ServerCallContext, cursor: number): void {
    this.#ofTask.set(task, cursor);
    this.#noteCall(task.id, context, cursor);
  }

  #noteCall(taskId: string, context: ServerCallContext, cursor: number): void {
    let versions = this.#ofCall.get(context);
    if (!versions) this.#ofCall.set(context, (versions = new Map()));
    versions.set(taskId, cursor);
  }

  #tell(taskId: string, context: ServerCallContext, loaded: LoadedTask | undefined): void {
    const waiting = this.#followers.get(context);
    waiting?.get(taskId)?.(loaded);
    waiting?.delete(taskId);
  }
}

function isSame(one: IndexEntry, other: IndexEntry): boolean {
  return one.state === other.state && one.timestamp === other.timestamp && one.contextId === other.contextId;
}
