import type { Doc, DocumentStore } from '../documents.ts';
import { fields, text } from './fields.ts';
import { sayUndone, type Message, type Turn } from './rows.ts';
import { finish, type Steps } from '../text/slices.ts';
import { shownSteps } from '../text/terminal.ts';
import { oneLine } from '../text/visible.ts';
import { sessionInfo, todosOf, turnState } from './summary.ts';

const stateKinds = ['session', 'message', 'part', 'todo', 'session_diff', 'turn', 'model'];

/** Exports documents as `getState` returns them, without token or link. */
export function toJson(store: DocumentStore, shareId: string): string {
  return finish(jsonSteps(store, shareId)).join('');
}

/** The same in steps and pieces. */
export function* jsonSteps(store: DocumentStore, shareId: string): Steps<string[]> {
  const docs: Doc[] = stateKinds.flatMap((kind) => [...store.all(kind)].sort((a, b) => (a.key < b.key ? -1 : 1)));
  const out = [`{\n  "share_id": ${JSON.stringify(shareId)},\n  "cursor": ${store.cursor},\n  "docs": [`];
  for (const [at, doc] of docs.entries()) {
    out.push(at > 0 ? ',' : '', '\n    ', JSON.stringify(doc, null, 2).replaceAll('\n', '\n    '));
    yield;
  }
  out.push(docs.length > 0 ? '\n  ]\n}' : ']\n}');
  return out;
}

export function toMarkdown(store: DocumentStore, turns: readonly Turn[]): string {
  return finish(markdownSteps(store, turns)).join('\n');
}

/** The same in steps and lines. */
export function* markdownSteps(store: DocumentStore, turns: readonly Turn[]): Steps<string[]> {
  const info = sessionInfo(store);
  const out: string[] = [`# ${oneLine(info.title, 500) || 'Shared session'}`, ''];
  const facts = [info.directory, info.model, info.agent].filter((fact) => fact !== '');
  if (facts.length > 0) out.push(facts.join(' · '), '');
  for (const turn of turns) {
    if (turn.user) {
      out.push('## User', '');
      yield* addParts(out, store, turn.user);
    }
    if (turn.answers.length > 0) out.push('## Agent', '');
    for (const message of turn.answers) {
      yield* addParts(out, store, message);
      const error = text(message.doc.data, 'error', 'data', 'message') || text(message.doc.data, 'error', 'name');
      if (error) out.push(`> Error: ${oneLine(error, 4000)}`, '');
    }
    const state = turnState(store, turn);
    const isCut = state === 'failed' || (state === 'unfinished' && turn.answers.length > 0);
    if (isCut || state === 'aborted') out.push(`*The turn was ${state === 'aborted' ? 'aborted' : 'not finished'}.*`,
      '');
    if (turn.undone) out.push(`*${sayUndone(turn.undone)}, left out here.*`, '');
  }
  const todos = todosOf(store);
  if (todos.length > 0) {
    const items = todos.map(({ content, status }) => `- [${status === 'completed' ? 'x' : ' '}] ${content}`);
    return out.concat('## To-do list', '', items, '');
  }
  return out;
}

function* addParts(out: string[], store: DocumentStore, message: Message): Steps<void> {
  for (const part of message.parts) {
    for (const line of yield* partText(store, part)) out.push(line);
    yield;
  }
}

function* partText(store: DocumentStore, id: string): Steps<string[]> {
  const data = fields(store.get('part', id)?.data);
  const value = yield* shownSteps(text(data, 'text'));
  switch (text(data, 'type')) {
    case 'text': return value === '' ? [] : [value, ''];
    case 'reasoning': return value === '' ? [] : ['<details><summary>Reasoning</summary>', '', value, '', '</details>',
      ''];
    case 'file': return [`Attachment: ${text(data, 'filename') || text(data, 'mime')}`, ''];
    case 'tool': return yield* toolText(data);
    case 'plan': return value === '' ? [] : ['**Plan**', '', value, ''];
    case 'compaction': {
      const summary = yield* shownSteps(text(data, 'summary'));
      return ['*The session so far was summarised here.*', '', ...quoted(summary)];
    }
    case 'subagent': return yield* subagentText(data);
    case 'notice': return noticeText(data);
    default: return [];
  }
}

function noticeText(data: unknown): string[] {
  const said = [text(data, 'record'), text(data, 'detail')].filter((piece) => piece !== '');
  return [`*${said.map((piece) => oneLine(piece, 500)).join(': ')}*`, ''];
}

function* subagentText(data: unknown): Steps<string[]> {
  const name = oneLine(text(data, 'name') || text(data, 'description') || 'subagent', 200);
  const prompt = yield* shownSteps(text(data, 'prompt'));
  const result = yield* shownSteps(text(data, 'error') || text(data, 'result'));
  return [`**Subagent** ${name} (${text(data, 'status')})`, '', ...quoted(prompt),
    ...(result === '' ? [] : fenced(result, ''))];
}

function quoted(value: string): string[] {
  return value === '' ? [] : [...value.split('\n').map((line) => `> ${line}`), ''];
}

function* toolText(data: unknown): Steps<string[]> {
  const state = fields(fields(data).state);
  const title = oneLine(text(state, 'title'), 500);
  const out = [`**${text(data, 'tool')}**${title ? ` ${title}` : ''} (${text(state, 'status')})`, ''];
  if (state.input !== undefined) out.push(...fenced(JSON.stringify(state.input, null, 2), 'json'));
  const output = yield* shownSteps(text(state, 'error') || text(state, 'output'));
  yield;
  return output === '' ? out : [...out, ...fenced(output, '')];
}

/** Uses a fence longer than any in the text. */
function fenced(value: string, language: string): string[] {
  let longest = 2;
  for (const [run] of value.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  return [fence + language, value.replace(/\n$/, ''), fence, ''];
}
