// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { parseUnified, toUnified } from '../../../src/viewer/src/viewer/diff/file-diff.ts';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { lineOf } from '../../../src/viewer/src/viewer/page/travel.ts';
import { changesSteps, countsOf, diffsOf } from '../../../src/viewer/src/viewer/session/changes.ts';
import { areQuick, editSteps } from '../../../src/viewer/src/viewer/session/edits.ts';
import { editRowsSteps, fileRows } from '../../../src/viewer/src/viewer/session/modes.ts';
import { buildRows, subagentsOf } from '../../../src/viewer/src/viewer/session/rows.ts';
import { totalsOf } from '../../../src/viewer/src/viewer/session/totals.ts';
import { finish } from '../../../src/viewer/src/viewer/text/slices.ts';
import { placeOf, plainAddress, wholeLink } from '../../../src/viewer/src/viewer/address.ts';
import { ago } from '../../../src/viewer/src/shared/format.ts';

let cursor = 0;
const doc = (kind: string, key: string, data: unknown): Doc => ({ kind, key, cursor: ++cursor, data }) as Doc;
const message = (id: string, role: string, created: number, more: object = {}) =>
    doc('message', id, { id, role, time: { created }, ...more });
const part = (id: string, messageID: string, more: object) => doc('part', id, { id, messageID, ...more });
const edit = (id: string, messageID: string, filePath: string, oldString: string, newString: string) =>
    part(id, messageID, {
        type: 'tool',
        tool: 'edit',
        state: { status: 'completed', input: { filePath, oldString, newString } },
    });

function session(...docs: Doc[]): DocumentStore {
    const store = new DocumentStore();
    store.putDocs(docs, cursor);
    return store;
}

const day = 86_400_000;
const agents = () =>
    session(
        message('u1', 'user', 1),
        message('a1', 'assistant', 2),
        part('p1', 'a1', { type: 'subagent', agent_session: 's1', description: 'Look' }),
        message('b1', 'user', 3, { agent_session: 's1' }),
        part('q1', 'b1', { type: 'text', text: 'Look here' }),
        message('b2', 'assistant', 4, { agent_session: 's1' }),
        part('q2', 'b2', { type: 'subagent', agent_session: 's2' }),
        message('c1', 'assistant', 5, { agent_session: 's2' }),
        part('r1', 'c1', { type: 'text', text: 'Found' }),
        message('a2', 'assistant', 6),
        part('p2', 'a2', { type: 'text', text: 'Done' }),
    );

describe('subagents', () => {
    it('stand where they were started, and say what they are inside of', () => {
        const { rows, subagents } = buildRows(agents());
        expect(rows.filter(({ type }) => type === 'part').map(({ id }) => id)).toEqual([
            'p:p1',
            'p:q1',
            'p:q2',
            'p:r1',
            'p:p2',
        ]);
        const found = rows.find(({ id }) => id === 'p:r1')!;
        const inside = 'message' in found ? subagentsOf(found.message, subagents) : [];
        expect(inside.map(({ part: started, count }) => [started, count])).toEqual([
            ['p1', 2],
            ['q2', 1],
        ]);
    });

    it('take those that they started with them when they are folded', () => {
        const ids = (closed: string) => buildRows(agents(), (id) => id !== closed).rows.map(({ id }) => id);
        expect(ids('s:s1')).not.toContain('p:r1');
        expect(ids('s:s1')).toContain('p:p2');
        expect(ids('s:s2')).toContain('p:q2');
        expect(ids('s:s2')).not.toContain('p:r1');
    });

    it('that start each other end somewhere', () => {
        const store = session(
            message('a1', 'assistant', 1, { agent_session: 's1' }),
            part('p1', 'a1', { type: 'subagent', agent_session: 's2' }),
            message('a2', 'assistant', 2, { agent_session: 's2' }),
            part('p2', 'a2', { type: 'subagent', agent_session: 's1' }),
        );
        const { rows, subagents } = buildRows(store);
        for (const row of rows)
            if ('message' in row) expect(subagentsOf(row.message, subagents).length).toBeLessThan(3);
    });
});

describe('days', () => {
    it('are separated between turns, not before the first', () => {
        const store = session(
            message('u1', 'user', day),
            message('u2', 'user', day + 1000),
            message('u3', 'user', 3 * day),
        );
        expect(buildRows(store).rows.map(({ id }) => id)).toEqual(['session', 'u:u1', 'u:u2', 'day:u3', 'u:u3', 'end']);
    });

    it('are said from now, too', () => {
        expect([ago(0, 5_000), ago(0, 300_000), ago(0, day), ago(10 * day, 0)]).toEqual([
            'now',
            '5 minutes ago',
            'yesterday',
            'next week',
        ]);
    });
});

describe('changed files', () => {
    const store = () =>
        session(
            doc('session', 's', { directory: '/d' }),
            message('u1', 'user', 1),
            message('a1', 'assistant', 2, { cost: 0.5, time: { created: 2, completed: 4002 } }),
            edit('p1', 'a1', '/d/a.ts', 'one', 'two'),
            part('p2', 'a1', { type: 'text', text: 'x' }),
            edit('p3', 'a1', '/d/b.ts', 'x', 'y\nz'),
            doc('session_diff', 's', [{ file: 'a.ts', before: 'one', after: 'three' }]),
        );

    it('have the difference of the session, else their edits, and lead to them', () => {
        const documents = store();
        const files = finish(changesSteps(documents, buildRows(documents).rows));
        expect(files.map(({ file, edits }) => [file, edits.map(({ row }) => row)])).toEqual([
            ['a.ts', ['p:p1']],
            ['b.ts', ['p:p3']],
        ]);
        expect(diffsOf(files[0]!)[0]!.hunks[0]!.lines.at(-1)!.text).toBe('three');
        expect(countsOf(files[1]!)).toEqual({ additions: 2, deletions: 1 });
        expect(fileRows(files).rows.map(({ id }) => id)).toEqual(['F:a.ts', 'F:b.ts', 'end']);
    });

    it('and the questions for them are what the filter leaves', () => {
        const documents = store();
        const { rows } = finish(editRowsSteps(documents, buildRows(documents).rows));
        expect(rows.map(({ id }) => id)).toEqual(['session', 'u:u1', 'p:p1', 'p:p3', 'f:u1', 'end']);
    });

    it('and time and cost are summed up', () => {
        const documents = store();
        const totals = totalsOf(documents, buildRows(documents).turns);
        expect([totals.worked, totals.usage.cost, totals.turns.length]).toEqual([4001, 0.5, 1]);
    });
});

describe('a line of a diff', () => {
    it('is named by its diff, and found in the row of that', () => {
        expect(lineOf('p:x@1:diff0@a12')).toEqual({
            diff: 'p:x@1:diff0',
            row: 'p:x@1',
            line: 'a12',
            folds: ['p:x@1:diff0:all', 'p:x@1'],
        });
        expect(lineOf('d:u1:3@b4')).toMatchObject({ row: 'f:u1', folds: ['d:u1:3:all', 'd:u1'] });
        expect(lineOf('F:src/a.ts:diff0@a1')?.row).toBe('F:src/a.ts');
        for (const text of ['', '@a1', 'p:x', 'p:x@c1', 'p:x@a', `${'p'.repeat(2000)}@a1`])
            expect(lineOf(text)).toBeUndefined();
    });

    it('has an address without a key, and a link with it', () => {
        const share = '0'.repeat(22);
        const address = plainAddress('https://h', share, { line: 'p:a b:diff0@a1' });
        expect(address).toBe(`https://h/s/${share}#l-p%3Aa%20b%3Adiff0%40a1`);
        expect(placeOf(new URL(address))).toMatchObject({
            line: 'p:a b:diff0@a1',
            message: undefined,
            token: undefined,
        });
        expect(wholeLink('https://h', share, 't', { line: 'p:a@a1' })).toContain('&l=p%3Aa%40a1');
    });
});

it('large edits are compared in a step of their own, small ones at once', () => {
  const state = (length: number) => ({ input: { file_path: 'a', old_string: 'x\n'.repeat(length), new_string: 'y' } });
  const [small, large] = [state(10), state(20_000)];
  expect([areQuick(small, small.input), areQuick(large, large.input)]).toEqual([true, false]);
  finish(editSteps(large, large.input));
  expect(areQuick(large, large.input)).toBe(true);
});

it('a diff that is copied is a patch again', () => {
    const patch = '--- a/x.ts\n+++ b/x.ts\n@@ -3,3 +3,3 @@ function f()\n one\n-two\n+TWO\n three\n';
    expect(toUnified(parseUnified(patch)[0]!)).toBe(patch);
});
