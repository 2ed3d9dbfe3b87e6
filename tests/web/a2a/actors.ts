import { Role, TaskState, type Artifact, type Message, type Part, type Task } from '@a2a-js/sdk';
import { ServerCallContext, type User } from '@a2a-js/sdk/server';
import { ShareTaskStore, type A2aStoreOptions } from '@sharerpc/a2a-store';
import { WebSocket } from 'ws';

export const server = process.env['SHARERPC_TEST_SERVER'];

export const KEY = 'a key of tests, of more than 32 characters';

export function options(more: Partial<A2aStoreOptions> = {}): A2aStoreOptions {
  return {
    server: server!, token: process.env['SHARERPC_TEST_ROOT_TOKEN']!, key: KEY,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, ...more,
  };
}

/** A store as another process has it: nothing in common but the options. */
export function open(more: Partial<A2aStoreOptions> = {}): ShareTaskStore {
  return new ShareTaskStore(options(more));
}

class NamedUser implements User {
  constructor(readonly userName: string) {}

  readonly isAuthenticated = true;
}

/** A call of somebody: each call has a context of its own. */
export function callOf(name: string, tenant?: string): ServerCallContext {
  const user = new NamedUser(name);
  return new ServerCallContext({ user, ...(tenant !== undefined && { tenant }), requestedVersion: '1.0' });
}

export function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, mediaType: 'text/plain', filename: '', metadata: undefined };
}

export function message(id: string, text: string, role = Role.ROLE_USER, taskId = ''): Message {
  return {
    messageId: id, contextId: '', taskId, role, parts: [textPart(text)], metadata: undefined, extensions: [],
    referenceTaskIds: [],
  };
}

export function artifact(id: string, ...texts: string[]): Artifact {
  return { artifactId: id, name: id, description: '', parts: texts.map(textPart), metadata: undefined, extensions: [] };
}

export function task(id: string, more: Partial<Task> = {}): Task {
  return {
    id, contextId: 'context', artifacts: [], history: [], metadata: undefined,
    status: { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: '2026-11-30T10:00:00.000Z' }, ...more,
  };
}

/** Returns a name that no other test has. */
export function fresh(name: string): string {
  return `${name}-${crypto.randomUUID()}`;
}
