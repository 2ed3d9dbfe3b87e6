// An A2A agent as a process of its own, whose tasks are on the server. It prints its address. A message "count N" makes
// a task of N parts, "count N hold K" waits for ever after K of them, and "go on" continues a task.
import { setTimeout as pause } from 'node:timers/promises';
import { TaskState, type AgentCard } from '@a2a-js/sdk';
import {
  AgentEvent, DefaultPushNotificationSender, DefaultRequestHandler, type AgentExecutor,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler } from '@a2a-js/sdk/server/express';
import { ShareEventBuses, SharePushNotificationStore } from '@sharerpc/a2a-store';
import express from 'express';
import { artifact, open, task } from './actors.js';

const store = open();
const app = express();
const listening = app.listen(0, '127.0.0.1', () => console.log(address()));

function address(): string {
  const at = listening.address();
  return `http://127.0.0.1:${typeof at === 'object' ? at!.port : 0}`;
}

function status(state: TaskState) {
  return { state, message: undefined, timestamp: new Date().toISOString() };
}

const executor: AgentExecutor = {
  async execute({ userMessage, taskId, contextId, task: known }, bus) {
    const content = userMessage.parts[0]!.content!;
    const said = content.$case === 'text' ? content.value : '';
    const asked = /count (\d+)(?: hold (\d+))?/.exec(said) ?? ['', String(known?.metadata?.['count'] ?? 0)];
    const [count, hold] = [Number(asked[1]), asked[2] ? Number(asked[2]) : Infinity];
    const first = known?.artifacts[0]?.parts.length ?? 0;
    const working = status(TaskState.TASK_STATE_WORKING);
    bus.publish(AgentEvent.task(task(taskId, {
      ...known, contextId, history: known?.history ?? [userMessage], status: working, metadata: { count },
    })));
    for (let at = first; at < count; at++) {
      if (at === hold) await new Promise(() => {});
      bus.publish(AgentEvent.artifactUpdate({
        taskId, contextId, artifact: artifact('count', String(at)), append: at > 0, lastChunk: at + 1 === count,
        metadata: undefined,
      }));
      await pause(5);
    }
    const done = status(TaskState.TASK_STATE_COMPLETED);
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: done, metadata: undefined }));
  },
  async cancelTask() {},
};

const card = {
  name: 'counter', description: 'Counts.', version: '1', provider: undefined, documentationUrl: undefined,
  capabilities: { streaming: true, pushNotifications: true, extensions: [], extendedAgentCard: false },
  securitySchemes: {}, securityRequirements: [], defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'],
  skills: [], signatures: [], iconUrl: undefined,
  get supportedInterfaces() {
    return [{ url: address(), protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' }];
  },
} as AgentCard;
const push = new SharePushNotificationStore(store);
const requestHandler = new DefaultRequestHandler(
  card, store, executor, new ShareEventBuses(store), push, new DefaultPushNotificationSender(push));
app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }));
app.use('/', jsonRpcHandler({
  requestHandler,
  userBuilder: async (request) => ({ isAuthenticated: true, userName: String(request.headers['x-user']) }),
}));
