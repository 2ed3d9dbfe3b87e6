import { Artifact, Message, Part, Task } from '@a2a-js/sdk';
import type { Doc, Json, JsonObject } from '@sharerpc/client';
import { keyOf } from './keys.js';
import { docKey, type Change, type Documents } from './log.js';

const TASK = 'a2a_task';
const MESSAGE = 'a2a_message';
const ARTIFACT = 'a2a_artifact';
const PART = 'a2a_part';

/** The document of the task itself. It is the last op of each save, so that whoever follows sees whole saves. */
export const TASK_DOCUMENT = docKey(TASK, 'task');

interface TaskData extends JsonObject {
  task: JsonObject;
  /** Keys of the messages, in order. */
  history: string[];
  /** Keys of the artifacts, in order. */
  artifacts: string[];
  /** How many saves there were. */
  saves: number;
}

interface ArtifactData extends JsonObject {
  artifact: JsonObject;
  parts: number;
}

/** Returns what makes the documents those of this task. A part that was added to an artifact is one document. */
export function changesTo(docs: Documents, task: Task): Change[] {
  const { history, artifacts, ...rest } = Task.toJSON(task) as JsonObject;
  const wanted = new Map<string, Change>();
  const put = (kind: string, key: string, data: Json) =>
    wanted.set(docKey(kind, key), { verb: 'put', kind, key, data });
  const messageKeys = keysOf(task.history, (message) => message.messageId);
  task.history.forEach((message, at) => put(MESSAGE, messageKeys[at]!, Message.toJSON(message) as Json));
  const artifactKeys = keysOf(task.artifacts, (artifact) => artifact.artifactId);
  task.artifacts.forEach((artifact, at) => {
    const key = artifactKeys[at]!;
    artifact.parts.forEach((part, number) => put(PART, partKey(key, number), Part.toJSON(part) as Json));
    const { parts, ...head } = Artifact.toJSON(artifact) as JsonObject;
    put(ARTIFACT, key, { artifact: head, parts: artifact.parts.length });
  });
  const changes: Change[] = [];
  for (const [name, doc] of docs) {
    if (name !== TASK_DOCUMENT && !wanted.has(name)) changes.push({ verb: 'remove', kind: doc.kind, key: doc.key });
  }
  for (const [name, change] of wanted) {
    if (!isEqual(docs.get(name)?.data, change.data!)) changes.push(change);
  }
  const saves = (taskData(docs)?.saves ?? 0) + 1;
  changes.push({
    verb: 'put', kind: TASK, key: 'task', data: { task: rest, history: messageKeys, artifacts: artifactKeys, saves },
  });
  return changes;
}

/** Returns the task of documents; `undefined` if they hold none. */
export function taskOf(docs: Documents): Task | undefined {
  const data = taskData(docs);
  if (!data) return undefined;
  const history = data.history.map((key) => docs.get(docKey(MESSAGE, key))?.data ?? null);
  const artifacts = data.artifacts.map((key) => artifactJson(docs, key, 0));
  return Task.fromJSON({ ...data.task, history: history.filter((one) => one !== null), artifacts });
}

/** Returns the status of the task, as JSON. */
export function statusJson(docs: Documents): Json | undefined {
  return taskData(docs)?.task['status'];
}

/** An artifact that two states of a task differ in. */
export interface ArtifactChange {
  artifact: Artifact;
  /** Whether `artifact` has only the parts that were added. */
  append: boolean;
}

export function artifactChanges(before: Documents, after: Documents): ArtifactChange[] {
  return (taskData(after)?.artifacts ?? []).flatMap((key) => {
    const was = before.get(docKey(ARTIFACT, key))?.data as ArtifactData | undefined;
    const is = after.get(docKey(ARTIFACT, key))!.data as ArtifactData;
    const kept = was ? Math.min(was.parts, is.parts) : 0;
    let same = 0;
    const part = (docs: Documents) => docs.get(docKey(PART, partKey(key, same)));
    while (same < kept && isSame(part(before), part(after))) same++;
    const isWhole = was !== undefined && same === was.parts && isEqual(was.artifact, is.artifact);
    if (isWhole && is.parts === was.parts) return [];
    const from = isWhole && is.parts > was.parts ? was.parts : 0;
    return [{ artifact: Artifact.fromJSON(artifactJson(after, key, from)), append: from > 0 }];
  });
}

function artifactJson(docs: Documents, key: string, from: number): JsonObject {
  const { artifact, parts } = docs.get(docKey(ARTIFACT, key))!.data as ArtifactData;
  const shown = [];
  for (let at = from; at < parts; at++) shown.push(docs.get(docKey(PART, partKey(key, at)))!.data);
  return { ...artifact, parts: shown };
}

function taskData(docs: Documents): TaskData | undefined {
  return docs.get(TASK_DOCUMENT)?.data as TaskData | undefined;
}

/** Returns a key for each; an id that is there twice gets a number. */
function keysOf<T>(all: T[], id: (one: T) => string): string[] {
  const taken = new Map<string, number>();
  return all.map((one) => {
    const key = keyOf(id(one));
    const count = taken.get(key) ?? 0;
    taken.set(key, count + 1);
    return count === 0 ? key : `${key}/~${count}`;
  });
}

function partKey(artifact: string, number: number): string {
  return `${artifact}/${String(number).padStart(6, '0')}`;
}

function isSame(one: Doc | undefined, other: Doc | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && isEqual(one.data, other.data));
}

function isEqual(one: Json | undefined, other: Json): boolean {
  return one !== undefined && (one === other || JSON.stringify(one) === JSON.stringify(other));
}
