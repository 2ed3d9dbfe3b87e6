import { describe, expect, it } from 'vitest';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { toJson, toMarkdown } from '../../../src/viewer/src/viewer/session/export.ts';
import { outlineOf } from '../../../src/viewer/src/viewer/session/outline.ts';
import { buildRows } from '../../../src/viewer/src/viewer/session/rows.ts';
import { searchRows } from '../../../src/viewer/src/viewer/session/search.ts';
import { sessionInfo, turnState } from '../../../src/viewer/src/viewer/session/summary.ts';

let cursor = 0;
const doc = (kind: string, key: string, data: unknown): Doc => ({ kind, key, cursor: ++cursor, data }) as Doc;
const message = (id: string, role: string, created: number, more: object = {}) =>
  doc('message', id, { id, role, time: { created }, ...more });
const part = (id: string, messageID: string, more: object) => doc('part', id, { id, messageID, ...more });

function session(...docs: Doc[]): DocumentStore {
  const store = new DocumentStore();
  store.putDocs(docs, cursor);
  return store;
}

const two = () => session(
  part('p3', 'a1', { type: 'tool', tool: 'bash', state: { status: 'completed', input: { command: 'ls' }, output: 'needle.txt' } }),
  part('p2', 'a1', { type: 'text', text: 'An answer' }), part('p1', 'u1', { type: 'text', text: 'A question\nmore' }),
  part('p0', 'a1', { type: 'step-start' }), part('p9', 'u2', { type: 'text', text: 'Again' }),
  message('a1', 'assistant', 2, { agent: 'build', modelID: 'm', finish: 'stop', cost: 0.5, tokens: { input: 10, output: 5 } }),
  message('u2', 'user', 3), message('u1', 'user', 1), doc('session', 's', { title: 'T', directory: '/d' }),
);

describe('rows', () => {
  it('are turns in order of time, parts in order of their ids, without the marks between steps', () => {
    const { rows, turns } = buildRows(two());
    expect(rows.map(({ id }) => id)).toEqual(['session', 'u:u1', 'a:a1', 'p:p2', 'p:p3', 'f:u1', 'u:u2', 'end']);
    expect(turns).toHaveLength(2);
  });

  it('keep their ids when the session grows, so that the reader keeps their place', () => {
    const store = two();
    const before = buildRows(store).rows.map(({ id }) => id);
    store.putDocs([message('a2', 'assistant', 4), part('pz', 'a2', { type: 'text', text: 'x' })], cursor);
    const after = buildRows(store).rows.map(({ id }) => id);
    expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  });

  it('show an error and an aborted turn', () => {
    const store = session(message('u', 'user', 1), message('a', 'assistant', 2, { error: { name: 'MessageAbortedError', data: {} } }));
    const { rows, turns } = buildRows(store);
    expect(rows.map(({ type }) => type)).toContain('error');
    expect(turnState(store, turns[0]!)).toBe('aborted');
  });

  it('go by the turn document where there is one', () => {
    const store = session(message('u', 'user', 1), message('a', 'assistant', 2), doc('turn', 'a', { state: 'failed' }));
    expect(turnState(store, buildRows(store).turns[0]!)).toBe('failed');
    const streaming = session(message('u', 'user', 1), message('a', 'assistant', 2));
    expect(turnState(streaming, buildRows(streaming).turns[0]!)).toBe('streaming');
  });

  it('stand documents of any shape', () => {
    const odd = [null, 5, 'x', [], { time: 'no', role: 7, parts: {} }, { messageID: {}, type: [] },
      { state: { input: [null] }, type: 'tool' }];
    const store = session(...odd.flatMap((data, at) => [doc('message', `m${at}`, data), doc('part', `p${at}`, data),
      doc('session', `s${at}`, data), doc('todo', `t${at}`, data), doc('session_diff', `d${at}`, data)]));
    const { rows, turns } = buildRows(store);
    expect(rows.at(-1)!.type).toBe('end');
    expect(searchRows(store, rows, 'x')).toEqual([]);
    expect(sessionInfo(store).title).toBe('');
    expect(toMarkdown(store, turns)).toContain('# Shared session');
  });
});

describe('outline, search, sums, export', () => {
  it('lists the first line of each message of the user', () => {
    const store = two();
    expect(outlineOf(store, buildRows(store).turns)).toEqual([{ id: 'u1', title: 'A question' }, { id: 'u2', title: 'Again' }]);
  });

  it('finds text in messages and in the output of folded tools, whatever the case', () => {
    const store = two();
    const { rows } = buildRows(store);
    expect(searchRows(store, rows, 'NEEDLE')).toEqual(['p:p3']);
    expect(searchRows(store, rows, 'question')).toEqual(['u:u1']);
    expect(searchRows(store, rows, '  ')).toEqual([]);
  });

  it('sums tokens and cost', () => {
    expect(sessionInfo(two())).toMatchObject({ title: 'T', directory: '/d', agent: 'build', model: 'm' });
    expect(sessionInfo(two())).toMatchObject({ usage: { input: 10, output: 5, cost: 0.5 } });
  });

  it('exports Markdown whose fences hold, and JSON that is the state', () => {
    const store = two();
    store.putDocs([part('p4', 'a1', { type: 'tool', tool: 'x', state: { status: 'completed', output: '```\n# forged' } })], cursor);
    const markdown = toMarkdown(store, buildRows(store).turns);
    expect(markdown).toContain('````\n```\n# forged\n````');
    const json = JSON.parse(toJson(store, 'S')) as { docs: Doc[]; share_id: string };
    expect(json.share_id).toBe('S');
    expect(json.docs).toHaveLength(10);
  });
});
