import { randomUUID } from 'node:crypto';
import { TaskPushNotificationConfig } from '@a2a-js/sdk';
import type { PushNotificationStore, ServerCallContext, StoredPushNotificationConfig } from '@a2a-js/sdk/server';
import type { JsonObject } from '@sharerpc/client';
import { keyOf } from './keys.js';
import { docKey, type LogShare } from './log.js';
import type { ShareTaskStore } from './tasks.js';

const KIND = 'a2a_push';
const LEGACY_VERSION = '0.3';

interface Sealed extends JsonObject {
  task: string;
  /** Rises with each save, so that configurations keep the order in which they were saved. */
  order: number;
  /** The configuration and its wire version. */
  sealed: string;
}

/**
 * Keeps push configurations in a share for each scope, beside the tasks, since they hold credentials: encrypted, and
 * out of reach of whoever is given a link to a task.
 */
export class SharePushNotificationStore implements PushNotificationStore {
  constructor(private readonly store: ShareTaskStore) {}

  async save(taskId: string, context: ServerCallContext, config: TaskPushNotificationConfig): Promise<void> {
    config.id ||= randomUUID();
    const wireVersion = context.requestedVersion || LEGACY_VERSION;
    const key = keyOf(JSON.stringify([taskId, config.id]));
    const text = JSON.stringify({ config: TaskPushNotificationConfig.toJSON(config), wireVersion });
    await this.#on(context, async (share) => {
      await share.sync();
      const order = 1 + Math.max(0, ...[...share.docs.values()].map((doc) => (doc.data as Sealed).order));
      const data: Sealed = { task: taskId, order, sealed: this.store.shares.keys.seal(text, key) };
      await share.append([{ verb: 'put', kind: KIND, key, data }]);
    });
  }

  async load(taskId: string, context: ServerCallContext): Promise<TaskPushNotificationConfig[]> {
    return (await this.loadWithMetadata(taskId, context)).map((stored) => stored.config);
  }

  async loadWithMetadata(taskId: string, context: ServerCallContext): Promise<StoredPushNotificationConfig[]> {
    return this.#on(context, async (share) => {
      await share.sync();
      const found = [...share.docs.values()].filter((doc) => (doc.data as Sealed).task === taskId);
      found.sort((one, other) => (one.data as Sealed).order - (other.data as Sealed).order);
      return found.map((doc) => {
        const { config, wireVersion } = JSON.parse(this.store.shares.keys.open((doc.data as Sealed).sealed, doc.key));
        return { config: TaskPushNotificationConfig.fromJSON(config), wireVersion };
      });
    });
  }

  async delete(taskId: string, context: ServerCallContext, configId: string = taskId): Promise<void> {
    const key = keyOf(JSON.stringify([taskId, configId]));
    await this.#on(context, async (share) => {
      await share.sync();
      if (share.docs.has(docKey(KIND, key))) await share.append([{ verb: 'remove', kind: KIND, key }]);
    });
  }

  async #on<T>(context: ServerCallContext, work: (share: LogShare) => Promise<T>): Promise<T> {
    const { shares } = this.store;
    const share = await shares.ensure(shares.keys.share(shares.scopeOf(context), 'push'), 'A2A push configurations');
    return share.exclusive(() => work(share));
  }
}
