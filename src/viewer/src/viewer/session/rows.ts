import { plural } from '../../shared/format.ts';
import type { Doc, DocumentStore } from '../documents.ts';
import type { ChangedFile } from './changes.ts';
import { has, number, text } from './fields.ts';
import { undoneOf } from './undone.ts';

export interface Message {
  id: string;
  doc: Doc;
  isUser: boolean;
  isUndone: boolean;
  parts: string[];
  undoneParts: string[];
  /** The number of subagents that one inside the other it is of: 0 for the session itself. */
  depth: number;
}

/** A subagent whose messages are in the share: what started it, and how many there are. */
export interface Subagent {
  session: string;
  /** The id of the part that started it, and its message. */
  part: string;
  message: Message;
  count: number;
}

/** What the user took back at one place: messages, or parts of the message before them. */
export interface UndoneRun {
  messages: Message[];
  parts: { message: Message; part: string }[];
}

export interface Turn {
  id: string;
  user: Message | undefined;
  answers: Message[];
  /** No later question has an answer: only here the agent may be working. */
  isNewest: boolean;
  /** What was undone behind this turn. */
  undone?: UndoneRun;
}

/** A list row; stable ids keep heights and the reader's position. */
export type Row =
  | { id: string; type: 'session' }
  | { id: string; type: 'day'; time: number }
  | { id: string; type: 'file'; file: ChangedFile }
  | { id: string; type: 'user'; turn: Turn; index: number }
  | { id: string; type: 'answer'; turn: Turn; message: Message }
  | { id: string; type: 'part'; turn: Turn; message: Message; part: string }
  | { id: string; type: 'error'; turn: Turn; message: Message }
  | { id: string; type: 'foot'; turn: Turn }
  | { id: string; type: 'undone'; run: UndoneRun }
  | { id: string; type: 'end' };

export interface SessionRows {
  rows: Row[];
  /** Without what is undone. */
  turns: Turn[];
  indexOf: Map<string, number>;
  /** By `agent_session`. */
  subagents: ReadonlyMap<string, Subagent>;
}

// Step marks without further information.
const silentParts = new Set(['step-start', 'step-finish', 'snapshot']);

// Tools that show their changes themselves.
const editTools = new Set(['edit', 'multiedit', 'write', 'patch', 'apply_patch']);

/** Subagents inside one another beyond this are shown like the one at this depth. */
const maxDepth = 20;

/** Opens what may be folded, but nothing that was undone. */
const byDefault = (id: string): boolean => !isUndoneRow(id);

/** `isOpen`: whether the row of something undone, or a subagent (`s:<agent_session>`), is unfolded. */
export function buildRows(store: DocumentStore, isOpen: (id: string) => boolean = byDefault): SessionRows {
  const { messages, subagents } = messagesOf(store);
  const folded = new Set([...subagents.keys()].filter((session) => !isOpen(`s:${session}`)));
  const turns = turnsOf(messages.filter((message) => !message.isUndone));
  const atStart = placeUndone(messages, turns);
  const rows: Row[] = [{ id: 'session', type: 'session' }];
  let index = 0;
  let day = '';
  const add = (turn: Turn) => {
    const time = number((turn.user ?? turn.answers[0])?.doc.data, 'time', 'created');
    const now = time === undefined ? '' : dayOf(time);
    if (now !== '' && day !== '' && now !== day) rows.push({ id: `day:${turn.id}`, type: 'day', time: time! });
    day = now || day;
    addTurn(rows, store, turn, index++, (message) => !isInside(message, subagents, folded));
  };
  const addUndone = (run: UndoneRun | undefined) => {
    if (!run) return;
    const id = `x:${run.messages[0]?.id ?? run.parts[0]!.part}`;
    rows.push({ id, type: 'undone', run });
    if (!isOpen(id)) return;
    const turn: Turn = { id, user: undefined, answers: [], isNewest: false };
    for (const { message, part } of run.parts) rows.push({ id: `p:${part}`, type: 'part', turn, message, part });
    for (const undone of turnsOf(run.messages)) add({ ...undone, isNewest: false });
  };
  addUndone(atStart);
  for (const turn of turns) {
    add(turn);
    addUndone(turn.undone);
  }
  rows.push({ id: 'end', type: 'end' });
  const indexOf = new Map<string, number>();
  rows.forEach((row, index) => indexOf.set(row.id, index));
  return { rows, turns, indexOf, subagents };
}

/** Returns the subagents that a message is inside of, the outermost first. */
export function subagentsOf(message: Message, subagents: ReadonlyMap<string, Subagent>): Subagent[] {
  const found: Subagent[] = [];
  for (let at: Message | undefined = message; at && found.length < maxDepth;) {
    const subagent = subagents.get(text(at.doc.data, 'agent_session'));
    if (!subagent || found.includes(subagent)) break;
    found.unshift(subagent);
    at = subagent.message;
  }
  return found;
}

function isInside(message: Message, subagents: ReadonlyMap<string, Subagent>, folded: ReadonlySet<string>): boolean {
  return message.depth > 0 && folded.size > 0
    && subagentsOf(message, subagents).some(({ session }) => folded.has(session));
}

function addTurn(
  rows: Row[], store: DocumentStore, turn: Turn, index: number, isShown: (message: Message) => boolean,
): void {
  if (turn.user) rows.push({ id: `u:${turn.user.id}`, type: 'user', turn, index });
  let speaker = '';
  for (const message of turn.answers) {
    if (!isShown(message)) continue;
    // Shows the speaker only on a change: one answer has many messages.
    const now = speakerOf(message);
    if (now !== undefined && now !== speaker) rows.push({ id: `a:${message.id}`, type: 'answer', turn, message });
    speaker = now ?? speaker;
    const hasEdit = message.parts.some((part) => editTools.has(text(store.get('part', part)?.data, 'tool')));
    for (const part of message.parts) {
      const type = text(store.get('part', part)?.data, 'type');
      if (!silentParts.has(type) && !(type === 'patch' && hasEdit)) rows.push({ id: `p:${part}`, type: 'part', turn,
        message, part });
    }
    if (has(message.doc.data, 'error')) rows.push({ id: `e:${message.id}`, type: 'error', turn, message });
  }
  if (turn.answers.length > 0) rows.push({ id: `f:${turn.id}`, type: 'foot', turn });
}

/** Undefined for what the program wrote between the answers. */
function speakerOf({ doc: { data } }: Message): string | undefined {
  const subagent = text(data, 'agent_session');
  if (text(data, 'role') === 'system' && subagent === '') return undefined;
  return `${subagent} ${text(data, 'agent') || text(data, 'mode')} ${text(data, 'modelID')}`;
}

function messagesOf(store: DocumentStore): { messages: Message[]; subagents: Map<string, Subagent> } {
  const undone = undoneOf(store);
  const messages = new Map<string, Message>();
  for (const doc of store.all('message')) {
    const isUndone = undone.message(doc.key, doc.data);
    const isUser = isOfUser(doc.data);
    messages.set(doc.key, { id: doc.key, doc, isUser, isUndone, parts: [], undoneParts: [], depth: 0 });
  }
  for (const part of store.all('part')) {
    const message = messages.get(text(part.data, 'messageID'));
    const isAlone = message && !message.isUndone && undone.part(part.key, part.data);
    (isAlone ? message.undoneParts : message?.parts)?.push(part.key);
  }
  for (const message of messages.values()) {
    message.parts.sort(byText);
    message.undoneParts.sort(byText);
  }
  const times = new Map<Message, number>();
  for (const message of messages.values()) times.set(message, number(message.doc.data, 'time', 'created') ?? 0);
  const sorted = [...messages.values()].sort((a, b) => times.get(a)! - times.get(b)! || byText(a.id, b.id));
  return withSubagents(store, sorted);
}

/** The prompt of a subagent is nobody's question. */
function isOfUser(data: unknown): boolean {
  return text(data, 'role') === 'user' && text(data, 'agent_session') === '';
}

/** Puts the messages of a subagent behind the message whose part started it; leaves others where they are. */
function withSubagents(
  store: DocumentStore, sorted: Message[],
): { messages: Message[]; subagents: Map<string, Subagent> } {
  const subagents = new Map<string, Subagent>();
  const bySession = new Map<string, Message[]>();
  for (const message of sorted) {
    const session = text(message.doc.data, 'agent_session');
    if (session === '') continue;
    const known = bySession.get(session);
    if (known) known.push(message);
    else bySession.set(session, [message]);
  }
  if (bySession.size === 0) return { messages: sorted, subagents };
  const placed = new Set<Message>();
  const messages: Message[] = [];
  // A stack instead of recursion: a chain of subagents may be of any length.
  const place = (first: Message) => {
    const next = [first];
    for (let message = next.pop(); message; message = next.pop()) {
      if (placed.has(message)) continue;
      placed.add(message);
      messages.push(message);
      const started: Message[] = [];
      for (const part of message.parts) {
        for (const session of startedBy(store, part)) {
          const its = bySession.get(session) ?? [];
          if (its.length > 0 && !subagents.has(session) && !its.includes(message)) {
            subagents.set(session, { session, part, message, count: its.length });
            for (const one of its) one.depth = Math.min(maxDepth, message.depth + 1);
          }
          started.push(...its);
        }
      }
      for (const its of started.reverse()) next.push(its);
    }
  };
  for (const message of sorted) if (text(message.doc.data, 'agent_session') === '') place(message);
  for (const message of sorted) place(message);
  return { messages, subagents };
}

function startedBy(store: DocumentStore, part: string): string[] {
  const data = store.get('part', part)?.data;
  return text(data, 'type') === 'subagent' ? [text(data, 'agent_session')] : [];
}

/** Puts each answer under the question that it names, else under the one before it. */
function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  const turnOf = new Map<string, Turn>();
  for (const message of messages) if (message.isUser) turnOf.set(message.id, turnOfUser(message));
  for (const message of messages) {
    let turn = message.isUser ? turnOf.get(message.id) : turnOf.get(text(message.doc.data, 'parentID')) ?? turns.at(-1);
    turn ??= { id: message.id, user: undefined, answers: [], isNewest: false };
    if (message.isUser || turns.length === 0) turns.push(turn);
    if (message.isUser) continue;
    turn.answers.push(message);
    turnOf.set(message.id, turn);
  }
  // A question that waits is not worked on; the one before it may still be.
  const newest = turns.findLast((turn) => turn.answers.length > 0);
  if (newest) newest.isNewest = true;
  return turns;
}

/** Hangs what is undone on the turn before it; returns what comes before all turns. */
function placeUndone(messages: readonly Message[], turns: readonly Turn[]): UndoneRun | undefined {
  const turnOf = new Map<Message, Turn>();
  for (const turn of turns) {
    if (turn.user) turnOf.set(turn.user, turn);
    for (const message of turn.answers) turnOf.set(message, turn);
  }
  let atStart: UndoneRun | undefined;
  let before: Turn | undefined;
  const run = () => {
    const known = before ? before.undone : atStart;
    const found = known ?? { messages: [], parts: [] };
    if (before) before.undone = found;
    else atStart = found;
    return found;
  };
  for (const message of messages) {
    if (message.isUndone) run().messages.push(message);
    else before = turnOf.get(message) ?? before;
    for (const part of message.undoneParts) run().parts.push({ message, part });
  }
  return atStart;
}

/** The rows behind such a row are not built while it is folded. */
export function isUndoneRow(id: string): boolean {
  return id.startsWith('x:');
}

/** "Undone, 2 messages". */
export function sayUndone({ messages, parts }: UndoneRun): string {
  return `Undone, ${messages.length > 0 ? plural(messages.length, 'message') : plural(parts.length, 'part')}`;
}

/** The day of the reader's time zone. */
function dayOf(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

function turnOfUser(user: Message): Turn {
  return { id: user.id, user, answers: [], isNewest: false };
}

/** Ids sort by time. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
