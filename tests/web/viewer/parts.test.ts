// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { compareSteps, sessionDiffs } from '../../../src/viewer/src/viewer/session/summary.ts';
import { jsonSteps, markdownSteps } from '../../../src/viewer/src/viewer/session/export.ts';
import type { Steps } from '../../../src/viewer/src/viewer/text/slices.ts';
import { asShown } from '../../../src/viewer/src/viewer/text/terminal.ts';
import { compare, parseUnified, sideBySide } from '../../../src/viewer/src/viewer/diff/file-diff.ts';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { toMarkdown } from '../../../src/viewer/src/viewer/session/export.ts';
import { outlineOf } from '../../../src/viewer/src/viewer/session/outline.ts';
import { buildRows } from '../../../src/viewer/src/viewer/session/rows.ts';
import { searchRows, searchSteps } from '../../../src/viewer/src/viewer/session/search.ts';
import { blocksOf, renderBlock } from '../../../src/viewer/src/viewer/text/markdown.ts';
import { oneLine, visible, visibleOutput } from '../../../src/viewer/src/viewer/text/visible.ts';

/**
 * How much processor time one step that makes elements may take here, in ms. A step is what the page does without a
 * pause. It is 50 ms in a browser; jsdom takes several times as long for the same elements. Without bounds the texts
 * below take seconds to minutes.
 */
const budgetMs = 300;

/** The same for work that needs no document: 50 ms, and what compiling and collecting garbage add on all threads. */
const stepMs = 200;

/** Returns the processor time of this process, in ms: other work of the machine does not count. */
const now = () => process.cpuUsage().user / 1000;

/** What `elements` takes on the machine that the budgets are of, in ms: 2 cores, idle. */
const elementsMs = 33;

/** Makes 6,000 elements and texts, as the steps do. */
function elements(): void {
  const root = document.createElement('div');
  for (let at = 0; at < 2_000; at++) {
    const row = document.createElement('p');
    row.className = 'row';
    row.append(`line ${at}`, document.createElement('b'));
    root.append(row);
  }
  if (root.textContent!.length < 2_000) throw new Error('There is no text.');
}

/** Returns how many times as slow as that machine this one is now; at least 1. */
function slowness(): number {
  let found = Infinity;
  for (let at = 0; at < 5; at++) {
    const start = now();
    elements();
    found = Math.min(found, now() - start);
  }
  return Math.max(1, found / elementsMs);
}

/**
 * Returns the least of three measurements, or the first below the budget: a garbage collection and the compiler count
 * as this process, too, and can only add. One that is not below it is said as the machine of the budgets would take it.
 */
function least(measure: () => number, budget = budgetMs): number {
  let found = Infinity;
  for (let at = 0; at < 3 && found >= budget; at++) found = Math.min(found, measure());
  return found < budget ? found : found / slowness();
}

/** Returns the time of the longest step and all of the text that is shown. */
function set(text: string): { longest: number; shown: string } {
  let longest = 0;
  const root = document.createElement('div');
  const timed = <T>(step: () => T): T => {
    const start = now();
    const result = step();
    longest = Math.max(longest, now() - start);
    return result;
  };
  for (const block of timed(() => blocksOf(text))) root.append(timed(() => renderBlock(block)));
  return { longest, shown: root.textContent! };
}

const lists = (depth: number) => Array.from({ length: depth }, (_, at) => `${'  '.repeat(at)}- a${at}`).join('\n');

describe('a text that Markdown is hard to set for', () => {
  it.each([
    ['a list in a line, 1,200 deep', '- '.repeat(1_200) + 'end'],
    ['a list by indentation, 1,200 deep', lists(1_200)],
    ['quotes, 2,000 deep', '>'.repeat(2_000) + ' end'],
    ['quotes and lists in turn', '> - '.repeat(1_000) + 'end'],
    ['numbered lists, 1,000 deep', '1. '.repeat(1_000) + 'end'],
    ['headings without a text', '#\n'.repeat(100_000)],
    ['an address that does not end', 'a.'.repeat(80_000) + '@'],
    ['words with underscores', 'a_'.repeat(80_000)],
    ['brackets', '['.repeat(100_000)],
    ['stars', '**a '.repeat(50_000)],
    ['delimiters that open and do not close', '*a_'.repeat(2_000)],
    ['the same in many lines', '*a_*a_*a_*a_*a_\n'.repeat(375)],
    ['delimiters of one kind', '*a '.repeat(1_900)],
    ['short paragraphs', 'A line.\n\n'.repeat(5_000)],
    ['backticks', '`'.repeat(100_000)],
    ['a table', '| a | b |\n|---|---|\n' + '| 1 | 2 |\n'.repeat(5_000)],
    ['a table of one row', '|'.repeat(100_000)],
    ['links by reference', '[a]: https://example.org\n'.repeat(4_000) + '[a][a] '.repeat(4_000)],
    ['entities', '&'.repeat(100_000)],
  ])('takes no step that is long: %s', (_, text) => {
    expect(set(text).shown.length).toBeGreaterThan(0);
    expect(least(() => set(text).longest)).toBeLessThan(budgetMs);
  }, 300_000);

  it('is set in pieces that read as the whole', () => {
    const code = `\`\`\`js\n${'let a;\n\n'.repeat(2_000)}\`\`\``;
    const link = '[x][y]\n\n[y]: https://example.org/y';
    const text = ['A paragraph with **bold** words.\n\n'.repeat(400) + '1. one\n2. two', code, link].join('\n\n');
    const root = document.createElement('div');
    for (const block of blocksOf(text)) root.append(renderBlock(block));
    expect(root.querySelectorAll('strong').length).toBe(400);
    expect(root.querySelectorAll('ol > li').length).toBe(2);
    expect(root.querySelectorAll('pre').length).toBe(1);
    expect(root.querySelector('a')!.href).toBe('https://example.org/y');
  });

  it('keeps the head of a table in each piece, and the numbers of a list', () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => `| ${at} | value |`).join('\n');
    const items = Array.from({ length: 1_000 }, (_, at) => `${at + 1}. item`).join('\n');
    const root = document.createElement('div');
    for (const block of blocksOf(`| n | v |\n|---|---|\n${rows}\n\n${items}`)) root.append(renderBlock(block));
    expect(root.querySelectorAll('tbody tr').length).toBe(1_000);
    for (const head of root.querySelectorAll('thead')) expect(head.textContent).toMatch(/n\s*v/);
    const numbers = [...root.querySelectorAll('ol')].flatMap((list) => [...list.children].map((_, at) => list.start
      + at));
    expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
  });

  it('changes only its last pieces while it grows', () => {
    const long = 'A paragraph of a text that grows.\n\n'.repeat(1_000);
    const [before, after] = [blocksOf(long), blocksOf(`${long}And more.`)];
    expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  });
});

describe('other parts', () => {
  const timed = (step: () => unknown) => {
    const start = now();
    step();
    return now() - start;
  };
  const lines = (count: number, of: (at: number) => string) => Array.from({ length: count }, (_, at) => of(at))
    .join('\n');

  it('compares an edit of 20,000 lines that are all new', () => {
    const [before, after] = [lines(20_000, (at) => `old ${at}`), lines(20_000, (at) => `new ${at}`)];
    const step = () => expect(compare('f', before, after)).toMatchObject({ additions: 20_000, deletions: 20_000 });
    expect(least(() => timed(step))).toBeLessThan(budgetMs);
  });

  it('finds few changes in many lines, and the first and the last of many', () => {
    const before = lines(20_000, (at) => `line ${at}`);
    expect(compare('f', before, before.replace('line 500\n', 'changed\n'))).toMatchObject({ additions: 1,
      deletions: 1 });
    const many = lines(20_000, (at) => (at > 1_000 && at % 3 === 0 ? `other ${at}` : `line ${at}`));
    const found = compare('f', before, many)!;
    expect(found.hunks[0]!.lines[0]).toMatchObject({ type: 'removed', before: 1_003 });
  });

  it('shows the output of a terminal in time that grows with its length', () => {
    const texts = [
      `ok\r\n${'a'.repeat(200_000)}`, '\u001b['.repeat(100_000), '\u001b]'.repeat(20_000), 'a\r'.repeat(100_000),
      '\r'.repeat(200_000),
    ];
    for (const text of texts)
      expect(least(() => timed(() => visibleOutput(text)))).toBeLessThan(budgetMs);
  });

  it('exports a message of 150,000 parts, and an output of 200,000 fences', () => {
    const docs = [{ kind: 'message', key: 'm', cursor: 1, data: { id: 'm', role: 'user', time: { created: 1 } } }];
    for (let at = 0; at < 150_000; at++) {
      const data = at > 0 ? { id: `p${at}`, messageID: 'm', type: 'text', text: 'a' }
        : { id: 'p0', messageID: 'm', type: 'tool', tool: 'bash',
          state: { status: 'completed', output: '```\n'.repeat(200_000) } };
      docs.push({ kind: 'part', key: `p${at}`, cursor: at + 2, data } as unknown as (typeof docs)[0]);
    }
    const store = new DocumentStore();
    store.putDocs(docs as unknown as Doc[], docs.length);
    const text = toMarkdown(store, buildRows(store).turns);
    expect(text).toContain('````\n```');
    expect(text.match(/^a$/gm)!.length).toBe(149_999);
  }, 60_000);

  it('searches and exports 9 MB of a terminal, and compares 40 files, in steps that are short', () => {
    const output = '\u001b[32m      12 passed\u001b[0m\r\u001b[2K progress 42%\n'.repeat(200_000);
    const diffs = Array.from({ length: 40 }, (_, at) => (
      { file: `f${at}`, before: lines(20_000, (n) => `old ${n}`), after: lines(20_000, (n) => `new ${n}`) }));
    const docs = [
      { kind: 'message', key: 'm', cursor: 1, data: { id: 'm', role: 'user', time: { created: 1 } } },
      { kind: 'part', key: 'p', cursor: 2,
        data: { id: 'p', messageID: 'm', type: 'tool', tool: 'bash', state: { status: 'completed', output } } },
      { kind: 'session_diff', key: 's', cursor: 3, data: diffs },
    ] as unknown as Doc[];
    const store = new DocumentStore();
    store.putDocs(docs, 3);
    const { rows, turns } = buildRows(store);
    const listed = sessionDiffs(store);
    const works: Record<string, () => Steps<unknown>> = {
      search: () => searchSteps(store, rows, 'nothing'), markdown: () => markdownSteps(store, turns),
      json: () => jsonSteps(store, 's'), compare: () => compareSteps(listed, true),
    };
    for (const [name, work] of Object.entries(works)) {
      const run = () => {
        const steps = work();
        let [longest, isDone, count] = [0, false, 0];
        for (; !isDone; count++) longest = Math.max(longest, timed(() => (isDone = steps.next().done ?? false)));
        console.log(`${name}: ${count} steps, the longest ${longest.toFixed(0)} ms of processor time`);
        return longest;
      };
      expect(least(run, stepMs), name).toBeLessThan(stepMs);
    }
    expect(listed[0]).toMatchObject({ additions: 20_000, deletions: 20_000 });
  }, 300_000);

  it('writes nothing over a line that is very long, and keeps all of it', () => {
    const long = 'a'.repeat(250_000);
    expect(asShown(`${long}\rb\u001b[K\nc`)).toBe(`${long}\nb\nc`);
    expect(asShown(`${'a'.repeat(30)}\rbb\u001b[K`)).toBe('bb');
  });

  /** Texts of random units, repeated and nested; SHARERPC_SIZE says how many. */
  it('takes no long step for texts from a generator', async () => {
    const units = [
      'a', 'a.', '_a', '*', '**b', '[', '](', '![', '<', '<a ', '&', '`', '```\n', '> ', '- ', '1. ', '# ', '|',
        '---\n', '\n', '\n\n',
      ' ', '    ', '\t', '@', 'http://a', 'www.', '~', '\\', '$', '\r', '\u001b[31m', '\u001b]8;;', '\u202e', '🦊',
        '+a\n', '-a\n',
      '@@ -1 +1 @@\n',
    ];
    let seed = 20261130;
    const dice = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let run = 0; run < Number(process.env.SHARERPC_SIZE ?? 20); run++) {
      const unit = Array.from({ length: 1 + dice(4) }, () => units[dice(units.length)]!).join('');
      const ends = [units[dice(units.length)]!, units[dice(units.length)]!];
      const text = (ends[0] + unit.repeat(1 + dice(60_000 / unit.length)) + ends[1]).slice(0, 60_000);
      const note = JSON.stringify(unit);
      expect(least(() => set(text).longest), note).toBeLessThan(budgetMs);
      const docs = [
        { kind: 'message', key: 'm', cursor: 1, data: { id: 'm', role: 'user', time: { created: 1 } } },
        { kind: 'part', key: 'p', cursor: 2, data: { id: 'p', messageID: 'm', type: 'text', text } },
      ] as Doc[];
      const store = new DocumentStore();
      store.putDocs(docs, 2);
      const { rows, turns } = buildRows(store);
      const steps = [
        () => visible(text), () => visibleOutput(text), () => oneLine(text, 80),
        () => parseUnified(text).map(({ hunks }) => hunks.map(({ lines: all }) => sideBySide(all))),
        () => compare('f', text, text.replaceAll(unit[0]!, 'x')), () => searchRows(store, rows, unit),
        () => outlineOf(store, turns), () => toMarkdown(store, turns),
      ];
      for (const step of steps) expect(least(() => timed(step)), `${note} ${String(step)}`).toBeLessThan(budgetMs);
      await new Promise<void>((done) => void setImmediate(done)); // as after each test
    }
  }, 3_600_000);
});
