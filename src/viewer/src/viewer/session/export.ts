import type { Doc, DocumentStore } from '../documents.ts';
import { fields, text } from './fields.ts';
import { sayUndone, type Message, type Turn } from './rows.ts';
import { asShown } from '../text/terminal.ts';
import { oneLine } from '../text/visible.ts';
import { sessionInfo, todosOf, turnState } from './summary.ts';

const stateKinds = ['session', 'message', 'part', 'todo', 'session_diff', 'turn', 'model'];

/** Exports documents as `getState` returns them, without token or link. */
export function toJson(store: DocumentStore, shareId: string): string {
  const docs: Doc[] = stateKinds.flatMap((kind) => [...store.all(kind)].sort((a, b) => (a.key < b.key ? -1 : 1)));
  return JSON.stringify({ share_id: shareId, cursor: store.cursor, docs }, null, 2);
}

export function toMarkdown(store: DocumentStore, turns: readonly Turn[]): string {
  const info = sessionInfo(store);
  // Joined by concat: an argument a part would be too many for a call.
  let out: string[] = [`# ${oneLine(info.title, 500) || 'Shared session'}`, ''];
  const facts = [info.directory, info.model, info.agent].filter((fact) => fact !== '');
  if (facts.length > 0) out.push(facts.join(' · '), '');
  for (const turn of turns) {
    if (turn.user) out = out.concat('## User', '', turn.user.parts.flatMap((part) => partText(store, part)));
    if (turn.answers.length > 0) out = out.concat('## Agent', '', turn.answers.flatMap((message) => answerText(store, message)));
    const state = turnState(store, turn);
    const isCut = state === 'failed' || (state === 'unfinished' && turn.answers.length > 0);
    if (isCut || state === 'aborted') out.push(`*The turn was ${state === 'aborted' ? 'aborted' : 'not finished'}.*`, '');
    if (turn.undone) out.push(`*${sayUndone(turn.undone)}, left out here.*`, '');
  }
  const todos = todosOf(store);
  if (todos.length > 0) {
    const items = todos.map(({ content, status }) => `- [${status === 'completed' ? 'x' : ' '}] ${content}`);
    out = out.concat('## To-do list', '', items, '');
  }
  return out.join('\n');
}

function answerText(store: DocumentStore, message: Message): string[] {
  const error = text(message.doc.data, 'error', 'data', 'message') || text(message.doc.data, 'error', 'name');
  return [...message.parts.flatMap((part) => partText(store, part)), ...(error ? [`> Error: ${oneLine(error, 4000)}`, ''] : [])];
}

function partText(store: DocumentStore, id: string): string[] {
  const data = fields(store.get('part', id)?.data);
  const value = asShown(text(data, 'text'));
  switch (text(data, 'type')) {
    case 'text': return value === '' ? [] : [value, ''];
    case 'reasoning': return value === '' ? [] : ['<details><summary>Reasoning</summary>', '', value, '', '</details>', ''];
    case 'file': return [`Attachment: ${text(data, 'filename') || text(data, 'mime')}`, ''];
    case 'tool': return toolText(data);
    default: return [];
  }
}

function toolText(data: unknown): string[] {
  const state = fields(fields(data).state);
  const title = oneLine(text(state, 'title'), 500);
  const out = [`**${text(data, 'tool')}**${title ? ` ${title}` : ''} (${text(state, 'status')})`, ''];
  if (state.input !== undefined) out.push(...fenced(JSON.stringify(state.input, null, 2), 'json'));
  const output = asShown(text(state, 'error') || text(state, 'output'));
  return output === '' ? out : [...out, ...fenced(output, '')];
}

/** Uses a fence longer than any in the text. */
function fenced(value: string, language: string): string[] {
  let longest = 2;
  for (const [run] of value.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  return [fence + language, value.replace(/\n$/, ''), fence, ''];
}
