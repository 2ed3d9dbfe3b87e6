import type { Doc, DocumentStore } from '../documents.ts';
import { parseUnified, compare, type FileDiff } from '../diff/file-diff.ts';
import type { Steps } from '../text/slices.ts';
import { fields, has, list, number, text } from './fields.ts';
import type { Message, Turn } from './rows.ts';

export interface Usage {
  input: number;
  output: number;
  cached: number;
  cost: number;
}

export interface SessionInfo {
  id: string;
  parentId: string;
  title: string;
  directory: string;
  agent: string;
  model: string;
  created: number | undefined;
  usage: Usage;
  messages: number;
  parts: number;
}

/** `unfinished`: the answer was left without an end. */
export type TurnState = 'streaming' | 'completed' | 'failed' | 'aborted' | 'unfinished';

export interface Todo {
  content: string;
  status: string;
  priority: string;
}

/** Uses the first session document. */
export function sessionInfo(store: DocumentStore): SessionInfo {
  const [session] = store.all('session');
  const data = session?.data;
  const usage: Usage = { input: 0, output: 0, cached: 0, cost: 0 };
  let agent = text(data, 'agent');
  let model = text(data, 'model', 'id') || text(data, 'model', 'modelID');
  let [agentAt, modelAt] = [-1, -1];
  for (const { data: message } of store.all('message')) {
    addUsage(usage, message);
    if (text(message, 'role') !== 'assistant' || text(message, 'agent_session') !== '') continue;
    const created = number(message, 'time', 'created') ?? 0;
    const [itsAgent, itsModel] = [text(message, 'agent') || text(message, 'mode'), text(message, 'modelID')];
    if (itsAgent !== '' && created >= agentAt) [agent, agentAt] = [itsAgent, created];
    if (itsModel !== '' && created >= modelAt) [model, modelAt] = [itsModel, created];
  }
  if (usage.cost === 0) usage.cost = number(data, 'cost') ?? 0;
  return {
    id: session?.key ?? '', parentId: text(data, 'parentID'), title: text(data, 'title'),
      directory: text(data, 'directory'), agent,
    model: modelName(store, model), created: number(data, 'time', 'created'), usage, messages: store.count('message'),
    parts: store.count('part'),
  };
}

export function usageOf(messages: readonly Message[]): Usage {
  const usage: Usage = { input: 0, output: 0, cached: 0, cost: 0 };
  for (const message of messages) addUsage(usage, message.doc.data);
  return usage;
}

export function turnState(store: DocumentStore, turn: Turn): TurnState {
  const last = turn.answers.at(-1);
  const open = turn.isNewest ? 'streaming' : 'unfinished';
  if (!last) return open;
  const said = text(turnDocument(store, turn)?.data, 'state');
  if (said === 'completed' || said === 'failed' || said === 'aborted') return said;
  const error = text(last.doc.data, 'error', 'name');
  if (error === 'MessageAbortedError') return 'aborted';
  if (has(last.doc.data, 'error')) return 'failed';
  if (said === 'streaming') return open;
  const finish = text(last.doc.data, 'finish');
  return number(last.doc.data, 'time', 'completed') === undefined || finish === 'tool-calls' ? open : 'completed';
}

/** True when the server ended the turn of a silent writer. */
export function isProvisional(store: DocumentStore, turn: Turn): boolean {
  const last = turn.answers.at(-1);
  return last !== undefined && fields(turnDocument(store, turn)?.data).provisional === true;
}

/** Its key is the question's id, or, of opencode 1, that of the last answer. */
function turnDocument(store: DocumentStore, turn: Turn): Doc | undefined {
  const last = turn.answers.at(-1);
  return (last && store.get('turn', last.id)) ?? (turn.user && store.get('turn', turn.user.id));
}

/** Returns milliseconds; undefined while running. */
export function turnDuration(turn: Turn): number | undefined {
  const start = number((turn.user ?? turn.answers[0])?.doc.data, 'time', 'created');
  const end = number(turn.answers.at(-1)?.doc.data, 'time', 'completed');
  return start === undefined || end === undefined || end < start ? undefined : end - start;
}

export function todosOf(store: DocumentStore): Todo[] {
  const todos: Todo[] = [];
  for (const { data } of store.all('todo')) for (const item of Array.isArray(data) ? data
    : [data]) todos.push(todo(item));
  return todos;
}

export function todo(item: unknown): Todo {
  return { content: text(item, 'content'), status: text(item, 'status'), priority: text(item, 'priority') };
}

export function turnDiffs(turn: Turn): FileDiff[] {
  return turn.user ? list(turn.user.doc.data, 'summary', 'diffs').map(diffOf) : [];
}

export function sessionDiffs(store: DocumentStore): FileDiff[] {
  const diffs: FileDiff[] = [];
  for (const { data } of store.all('session_diff')) for (const item of Array.isArray(data) ? data
    : [data]) diffs.push(diffOf(item));
  return diffs;
}

/** The comparison of each listed file, made once and only when somebody asks for it. */
const listed = new WeakMap<object, ListedDiff>();

class ListedDiff implements FileDiff {
  private made: FileDiff | undefined;

  constructor(private readonly item: unknown) {}

  /** Whether its counts are known without a comparison. */
  get isCounted(): boolean {
    return this.made !== undefined || ['additions', 'deletions'].every((name) => number(this.item, name) !== undefined);
  }

  get isCompared(): boolean {
    return this.made !== undefined;
  }

  get file(): string {
    return text(this.item, 'file') || text(this.item, 'path') || text(this.item, 'filePath') || this.compared.file;
  }

  get additions(): number {
    return number(this.item, 'additions') ?? this.compared.additions;
  }

  get deletions(): number {
    return number(this.item, 'deletions') ?? this.compared.deletions;
  }

  get hunks(): FileDiff['hunks'] {
    return this.compared.hunks;
  }

  private get compared(): FileDiff {
    return (this.made ??= compared(this.item));
  }
}

/** Returns whether a difference, or its counts alone, are there without work. */
export function isReady(diff: FileDiff, countsOnly = false): boolean {
  return !(diff instanceof ListedDiff) || diff.isCompared || (countsOnly && diff.isCounted);
}

/** Makes them ready, a file in a step. */
export function* compareSteps(diffs: readonly FileDiff[], countsOnly = false): Steps<void> {
  for (const diff of diffs) {
    if (!isReady(diff, countsOnly)) void diff.hunks;
    yield;
  }
}

export function diffOf(item: unknown): FileDiff {
  if (typeof item !== 'object' || item === null) return compared(item);
  const known = listed.get(item) ?? new ListedDiff(item);
  listed.set(item, known);
  return known;
}

function compared(item: unknown): FileDiff {
  const file = text(item, 'file') || text(item, 'path') || text(item, 'filePath');
  const patch = text(item, 'patch') || text(item, 'diff');
  const [parsed] = patch === '' ? [compare(file, text(item, 'before'), text(item, 'after'))]
    : parseUnified(patch, file);
  const diff = parsed ?? { file, additions: 0, deletions: 0, hunks: [] };
  return { ...diff, file: file || diff.file };
}

function addUsage(usage: Usage, message: unknown): void {
  usage.input += number(message, 'tokens', 'input') ?? 0;
  usage.output += (number(message, 'tokens', 'output') ?? 0) + (number(message, 'tokens', 'reasoning') ?? 0);
  usage.cached += number(message, 'tokens', 'cache', 'read') ?? 0;
  usage.cost += number(message, 'cost') ?? 0;
}

function modelName(store: DocumentStore, id: string): string {
  if (id === '') return '';
  for (const { data } of store.all('model')) if (text(data, 'id') === id && text(data, 'name') !== '') return text(data,
    'name');
  return id;
}
