import { TaskStatus } from '@a2a-js/sdk';
import {
  AgentEvent, DefaultExecutionEventBus, DefaultExecutionEventBusManager, ServerCallContext,
  type AgentExecutionEvent, type ExecutionEventBus, type ExecutionEventBusManager,
} from '@a2a-js/sdk/server';
import { follow } from '@sharerpc/client';
import { TASK_DOCUMENT, artifactChanges, statusJson, taskOf } from './documents.js';
import { fold, type Documents } from './log.js';
import type { ShareTaskStore } from './tasks.js';

/**
 * Finds the events of a task that no executor of this process works on, in the task's share: one whose process was
 * killed and goes on, or one of another process. Those of an executor of this process come as they are published.
 */
export class ShareEventBuses implements ExecutionEventBusManager {
  readonly #local: DefaultExecutionEventBusManager;

  constructor(private readonly store: ShareTaskStore) {
    this.#local = new DefaultExecutionEventBusManager(store.shares.options.ownerResolver);
  }

  createOrGetByTaskId(taskId: string, context?: ServerCallContext): ExecutionEventBus {
    return this.#local.createOrGetByTaskId(taskId, context);
  }

  /**
   * Returns a bus that follows, but for a caller that has loaded the task before: who cancels does so, and asks whether
   * an executor is here. Who subscribes loads it after.
   */
  getByTaskId(taskId: string, context?: ServerCallContext): ExecutionEventBus | undefined {
    const local = this.#local.getByTaskId(taskId, context);
    if (local || !context || this.store.hasLoaded(taskId, context)) return local;
    return new FollowingBus(this.store, taskId, context);
  }

  cleanupByTaskId(taskId: string, context?: ServerCallContext): void {
    this.#local.cleanupByTaskId(taskId, context);
  }
}

/** Publishes what is saved of a task after the call that subscribes has loaded it, while anybody listens. */
class FollowingBus extends DefaultExecutionEventBus {
  readonly #stop = new AbortController();
  readonly #listeners = new Set<unknown>();
  #isFollowing = false;

  constructor(
    private readonly store: ShareTaskStore,
    private readonly taskId: string,
    private readonly context: ServerCallContext,
  ) {
    super();
  }

  override on(name: 'event' | 'finished', listener: never): this {
    super.on(name as 'event', listener);
    this.#listeners.add(listener);
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      this.#follow().catch(() => {}).finally(() => this.finished());
    }
    return this;
  }

  override off(name: 'event' | 'finished', listener: never): this {
    super.off(name as 'event', listener);
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#stop.abort();
    return this;
  }

  async #follow(): Promise<void> {
    const loaded = await this.store.nextLoad(this.taskId, this.context);
    if (!loaded || this.#stop.signal.aborted) return;
    const { server, WebSocket } = this.store.shares.options;
    const { token, shareId } = loaded.address;
    const docs: Documents = new Map(loaded.docs);
    let before: Documents = loaded.docs;
    const { signal } = this.#stop;
    const options = { token, shareId, after: loaded.cursor, signal, ...(WebSocket && { WebSocket }) };
    for await (const page of follow(server, options)) {
      if (page.gap !== undefined) return; // so far behind that the ops are gone: subscribe again
      for (const op of page.ops) {
        fold(docs, op);
        if (op.hidden || `${op.kind}\n${op.key}` !== TASK_DOCUMENT) continue;
        for (const event of eventsBetween(before, docs)) this.publish(event);
        before = new Map(docs);
      }
    }
  }
}

/** Returns the events that lead from one save to the next. */
export function eventsBetween(before: Documents, after: Documents): AgentExecutionEvent[] {
  const task = taskOf(after);
  if (!task) return [];
  const ids = { taskId: task.id, contextId: task.contextId };
  const events = artifactChanges(before, after).map((change) =>
    AgentEvent.artifactUpdate({ ...ids, ...change, lastChunk: false, metadata: {} }));
  const status = statusJson(after);
  if (status !== undefined && JSON.stringify(status) !== JSON.stringify(statusJson(before))) {
    events.push(AgentEvent.statusUpdate({ ...ids, status: TaskStatus.fromJSON(status), metadata: {} }));
  }
  return events;
}
