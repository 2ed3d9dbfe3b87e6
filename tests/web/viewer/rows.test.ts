import { describe, expect, it } from 'vitest';
import type { Op } from '@sharerpc/client';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { toJson, toMarkdown } from '../../../src/viewer/src/viewer/session/export.ts';
import { outlineOf } from '../../../src/viewer/src/viewer/session/outline.ts';
import { buildRows, sayUndone } from '../../../src/viewer/src/viewer/session/rows.ts';
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
  part('p3', 'a1', { type: 'tool', tool: 'bash', state: { status: 'completed', input: { command: 'ls' },
    output: 'needle.txt' } }),
  part('p2', 'a1', { type: 'text', text: 'An answer' }), part('p1', 'u1', { type: 'text', text: 'A question\nmore' }),
  part('p0', 'a1', { type: 'step-start' }), part('p9', 'u2', { type: 'text', text: 'Again' }),
  message('a1', 'assistant', 2, { agent: 'build', modelID: 'm', finish: 'stop', cost: 0.5,
    tokens: { input: 10, output: 5 } }),
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

  it('put a subagent behind the part that started it, and take its prompt for nobody\'s question', () => {
    const store = session(
      message('u1', 'user', 1), message('a1', 'assistant', 2, { modelID: 'm' }), message('u2', 'user', 6),
      message('s1', 'user', 3, { agent_session: 'x' }),
      message('s2', 'assistant', 9, { agent_session: 'x', agent: 'look' }),
      message('n1', 'system', 5), message('a2', 'assistant', 7, { modelID: 'm' }),
      part('p1', 'a1', { type: 'subagent', agent_session: 'x', status: 'completed' }),
      part('p2', 's1', { type: 'text', text: 'Look' }), part('p3', 's2', { type: 'text', text: 'Looked' }),
      part('p4', 'n1', { type: 'notice', record: 'r' }),
    );
    const { rows, turns } = buildRows(store);
    expect(rows.map(({ id }) => id)).toEqual([
      'session', 'u:u1', 'a:a1', 'p:p1', 'a:s1', 'p:p2', 'a:s2', 'p:p3', 'p:p4', 'f:u1', 'u:u2', 'a:a2', 'f:u2', 'end',
    ]);
    expect(turns.map(({ id }) => id)).toEqual(['u1', 'u2']);
    expect(outlineOf(store, turns)).toHaveLength(2);
  });

  it('go by the turn document of the question, too', () => {
    const turn = doc('turn', 'u', { state: 'aborted' });
    const store = session(message('u', 'user', 1), message('a', 'assistant', 2), turn);
    expect(turnState(store, buildRows(store).turns[0]!)).toBe('aborted');
  });

  it('are exported and searched with the parts of any agent', () => {
    const store = session(
      message('u', 'user', 1), message('a', 'assistant', 2),
      part('p1', 'a', { type: 'plan', text: 'First this' }),
      part('p2', 'a', {
        type: 'subagent', agent_session: 'x', name: 'look', prompt: 'Look here', status: 'completed', result: 'Nothing',
      }),
      part('p3', 'a', { type: 'compaction', summary: 'So far' }),
        part('p4', 'a', { type: 'notice', record: 'new-type' }),
    );
    const { rows, turns } = buildRows(store);
    const markdown = toMarkdown(store, turns);
    const parts = ['First this', '**Subagent** look (completed)', '> Look here', 'Nothing', '> So far', '*new-type*'];
    for (const shown of parts) expect(markdown).toContain(shown);
    expect(searchRows(store, rows, 'look here')).toEqual(['p:p2']);
    expect(searchRows(store, rows, 'new-type')).toEqual(['p:p4']);
  });

  it('show an error and an aborted turn', () => {
    const store = session(message('u', 'user', 1),
      message('a', 'assistant', 2, { error: { name: 'MessageAbortedError', data: {} } }));
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

  const answer = (id: string, created: number, parentID: string, more: object = {}) =>
    message(id, 'assistant', created, { parentID, ...more });
  const states = (store: DocumentStore) => buildRows(store).turns.map((turn) => turnState(store, turn));

  it('have each answer under its question, whenever it came', () => {
    const store = session(message('u1', 'user', 1), answer('a1', 2, 'u1'), message('u2', 'user', 3),
      message('u3', 'user', 4),
      answer('a2', 5, 'u1'), answer('a3', 6, 'u3', { finish: 'stop' }), answer('a4', 7, 'u2'), answer('a5', 8, 'a2'),
      answer('a6', 9, 'gone'), message('a0', 'assistant', 0));
    const { turns, rows } = buildRows(store);
    expect(turns.map(({ id, answers }) => [id, ...answers.map((each) => each.id)])).toEqual(
      [['a0', 'a0'], ['u1', 'a1', 'a2', 'a5'], ['u2', 'a4'], ['u3', 'a3', 'a6']]);
    expect(rows.filter(({ type }) => type === 'foot').map(({ id }) => id)).toEqual(['f:a0', 'f:u1', 'f:u2', 'f:u3']);
  });

  it('work in the newest turn only, while later questions wait', () => {
    const store = session(message('u1', 'user', 1), answer('a1', 2, 'u1'));
    expect(states(store)).toEqual(['streaming']);
    store.putDocs([message('u2', 'user', 3)], cursor);
    expect(states(store)[0]).toBe('streaming');
    store.putDocs([answer('a2', 4, 'u2')], cursor);
    expect(states(store)).toEqual(['unfinished', 'streaming']);
    store.putDocs([doc('turn', 'a1', { state: 'streaming' }),
      answer('a2', 4, 'u2', { time: { created: 4, completed: 5 }, finish: 'stop' })], cursor);
    expect(states(store)).toEqual(['unfinished', 'completed']);
    store.putDocs([answer('a1', 2, 'u1', { time: { created: 2, completed: 5 }, finish: 'tool-calls' })], cursor);
    expect(states(store)).toEqual(['unfinished', 'completed']);
    expect(toMarkdown(store, buildRows(store).turns)).toContain('not finished');
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
    expect(outlineOf(store, buildRows(store).turns)).toEqual([{ id: 'u1', title: 'A question' },
      { id: 'u2', title: 'Again' }]);
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
    store.putDocs([part('p4', 'a1', { type: 'tool', tool: 'x',
      state: { status: 'completed', output: '```\n# forged' } })], cursor);
    const markdown = toMarkdown(store, buildRows(store).turns);
    expect(markdown).toContain('````\n```\n# forged\n````');
    const json = JSON.parse(toJson(store, 'S')) as { docs: Doc[]; share_id: string };
    expect(json.share_id).toBe('S');
    expect(json.docs).toHaveLength(10);
  });
});

describe('what the user took back', () => {
  const undone = { undone: true };
  const reverted = (...docs: Doc[]) => session(
    message('u1', 'user', 1), part('p1', 'u1', { type: 'text', text: 'first' }),
    message('a1', 'assistant', 2, { finish: 'stop', time: { created: 2, completed: 2 } }),
    part('p2', 'a1', { type: 'text', text: 'kept' }),
    message('u2', 'user', 3, undone), part('p3', 'u2', { type: 'text', text: 'needle', ...undone }),
    message('a2', 'assistant', 4, { finish: 'tool-calls', ...undone }),
    part('p4', 'a2', { type: 'text', text: 'needle', ...undone }), ...docs,
  );
  const ids = (store: DocumentStore, open = false) => buildRows(store, () => open).rows.map(({ id }) => id);
  const kept = ['session', 'u:u1', 'a:a1', 'p:p2', 'f:u1'];

  it('is folded under one line', () => {
    const { rows } = buildRows(reverted());
    expect(rows.map(({ id }) => id)).toEqual([...kept, 'x:u2', 'end']);
    const row = rows.find((one) => one.type === 'undone')!;
    expect(row.type === 'undone' && sayUndone(row.run)).toBe('Undone, 2 messages');
  });

  it('is behind the line when it is opened, and nothing of it is working', () => {
    const store = reverted();
    expect(ids(store, true)).toEqual([...kept, 'x:u2', 'u:u2', 'a:a2', 'p:p4', 'f:u2', 'end']);
    const turns = buildRows(store, () => true).rows.flatMap((row) => (row.type === 'foot' ? [row.turn] : []));
    expect(turns.map((turn) => turnState(store, turn))).toEqual(['completed', 'unfinished']);
  });

  it('is left out of search, outline and export while it is folded, and the export says so', () => {
    const store = reverted();
    const { rows, turns } = buildRows(store);
    expect(searchRows(store, rows, 'needle')).toEqual([]);
    expect(searchRows(store, buildRows(store, () => true).rows, 'needle')).toEqual(['u:u2', 'p:p4']);
    expect(outlineOf(store, turns).map(({ id }) => id)).toEqual(['u1']);
    expect(toMarkdown(store, turns)).toContain('kept\n\n*Undone, 2 messages, left out here.*');
    expect(toMarkdown(store, turns)).not.toContain('needle');
    const { docs } = JSON.parse(toJson(store, 's')) as { docs: { data: { undone?: true } }[] };
    expect(docs.filter(({ data }) => data.undone)).toHaveLength(4);
  });

  it('comes back with the mark taken off, and stays in its place when the session goes on', () => {
    const store = reverted(message('u3', 'user', 5), message('a3', 'assistant', 6));
    expect(ids(store)).toEqual([...kept, 'x:u2', 'u:u3', 'a:a3', 'f:u3', 'end']);
    store.takeChanges();
    store.applyOps([
      { cursor: ++cursor, op_id: 'o', verb: 'put', kind: 'part', key: 'p4', data: { messageID: 'a2', type: 'text' },
        actor: 'x', time_ms: 1, schema_version: 1 } satisfies Op,
    ], cursor);
    expect(store.takeChanges().structure).toBe(true);
    const back = part('p3', 'u2', { type: 'text' });
    store.putDocs([message('u2', 'user', 3), message('a2', 'assistant', 4), back], cursor);
    expect(ids(store)).toEqual([...kept, 'u:u2', 'a:a2', 'p:p4', 'f:u2', 'u:u3', 'a:a3', 'f:u3', 'end']);
  });

  it('may be parts of a message', () => {
    const store = reverted(part('p21', 'a1', { type: 'tool', tool: 'bash', undone: true }));
    store.putDocs([message('u2', 'user', 3), message('a2', 'assistant', 4)], cursor);
    const { rows } = buildRows(store, () => true);
    expect(rows.map(({ id }) => id)).toEqual(
      [...kept, 'x:p21', 'p:p21', 'u:u2', 'a:a2', 'f:u2', 'x:p3', 'p:p3', 'p:p4', 'end']);
    expect(rows.flatMap((row) => (row.type === 'undone' ? [sayUndone(row.run)] : []))).toEqual(
      ['Undone, 1 part', 'Undone, 2 parts']);
  });

  it('goes by the revert of a session that opencode shares itself', () => {
    const share = (revert: object) => session(
      doc('session', 's', { title: 'T', revert }), message('m1', 'user', 1), message('m2', 'assistant', 2),
      part('p1', 'm2', { type: 'text' }), part('p2', 'm2', { type: 'text' }), message('m3', 'user', 3),
    );
    expect(ids(share({ messageID: 'm2' }))).toEqual(['session', 'u:m1', 'x:m2', 'end']);
    expect(ids(share({ messageID: 'm2', partID: 'p2' }))).toEqual(
      ['session', 'u:m1', 'a:m2', 'p:p1', 'f:m1', 'x:m3', 'end']);
    expect(ids(share({}))).toHaveLength(8);
  });
});
