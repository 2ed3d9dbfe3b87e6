import type { Doc, DocumentStore } from '../documents.ts';
import { has, number, text } from './fields.ts';

export interface Message {
  id: string;
  doc: Doc;
  isUser: boolean;
  parts: string[];
}

export interface Turn {
  id: string;
  user: Message | undefined;
  answers: Message[];
  /** No later question has an answer: only here the agent may be working. */
  isNewest: boolean;
}

/** A list row; stable ids keep heights and the reader's position. */
export type Row =
  | { id: string; type: 'session' }
  | { id: string; type: 'user'; turn: Turn; index: number }
  | { id: string; type: 'answer'; turn: Turn; message: Message }
  | { id: string; type: 'part'; turn: Turn; message: Message; part: string }
  | { id: string; type: 'error'; turn: Turn; message: Message }
  | { id: string; type: 'foot'; turn: Turn }
  | { id: string; type: 'end' };

export interface SessionRows {
  rows: Row[];
  turns: Turn[];
  indexOf: Map<string, number>;
}

// Step marks without further information.
const silentParts = new Set(['step-start', 'step-finish', 'snapshot']);

// Tools that show their changes themselves.
const editTools = new Set(['edit', 'multiedit', 'write', 'patch', 'apply_patch']);

export function buildRows(store: DocumentStore): SessionRows {
  const turns = turnsOf(messagesOf(store));
  const rows: Row[] = [{ id: 'session', type: 'session' }];
  turns.forEach((turn, index) => addTurn(rows, store, turn, index));
  rows.push({ id: 'end', type: 'end' });
  const indexOf = new Map<string, number>();
  rows.forEach((row, index) => indexOf.set(row.id, index));
  return { rows, turns, indexOf };
}

function addTurn(rows: Row[], store: DocumentStore, turn: Turn, index: number): void {
  if (turn.user) rows.push({ id: `u:${turn.user.id}`, type: 'user', turn, index });
  let speaker = '';
  for (const message of turn.answers) {
    // Shows the speaker only on a change: one answer has many messages.
    const now = `${text(message.doc.data, 'agent') || text(message.doc.data, 'mode')} ${text(message.doc.data, 'modelID')}`;
    if (now !== speaker) rows.push({ id: `a:${message.id}`, type: 'answer', turn, message });
    speaker = now;
    const hasEdit = message.parts.some((part) => editTools.has(text(store.get('part', part)?.data, 'tool')));
    for (const part of message.parts) {
      const type = text(store.get('part', part)?.data, 'type');
      if (!silentParts.has(type) && !(type === 'patch' && hasEdit)) rows.push({ id: `p:${part}`, type: 'part', turn, message, part });
    }
    if (has(message.doc.data, 'error')) rows.push({ id: `e:${message.id}`, type: 'error', turn, message });
  }
  if (turn.answers.length > 0) rows.push({ id: `f:${turn.id}`, type: 'foot', turn });
}

function messagesOf(store: DocumentStore): Message[] {
  const messages = new Map<string, Message>();
  for (const doc of store.all('message')) {
    messages.set(doc.key, { id: doc.key, doc, isUser: text(doc.data, 'role') === 'user', parts: [] });
  }
  for (const part of store.all('part')) messages.get(text(part.data, 'messageID'))?.parts.push(part.key);
  for (const message of messages.values()) message.parts.sort(byText);
  const timeOf = (message: Message) => number(message.doc.data, 'time', 'created') ?? 0;
  return [...messages.values()].sort((a, b) => timeOf(a) - timeOf(b) || byText(a.id, b.id));
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

function turnOfUser(user: Message): Turn {
  return { id: user.id, user, answers: [], isNewest: false };
}

/** Ids sort by time. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
