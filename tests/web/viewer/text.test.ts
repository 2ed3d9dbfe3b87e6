import { describe, expect, it } from 'vitest';
import { compare, parseUnified, sideBySide } from '../../../src/viewer/src/viewer/diff/file-diff.ts';
import { pastedLink, placeOf, plainAddress } from '../../../src/viewer/src/viewer/address.ts';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { toMarkdown } from '../../../src/viewer/src/viewer/session/export.ts';
import { outlineOf } from '../../../src/viewer/src/viewer/session/outline.ts';
import { buildRows } from '../../../src/viewer/src/viewer/session/rows.ts';
import { searchRows } from '../../../src/viewer/src/viewer/session/search.ts';
import { clip, oneLine, visible, visibleOutput } from '../../../src/viewer/src/viewer/text/visible.ts';

describe('text as it is shown', () => {
  it('marks controls that reorder or hide', () => {
    expect(visible('a\u202eb\u200bc\u0000d')).toBe('a⟨U+202E⟩b⟨U+200B⟩c␀d');
  });

  it('cuts by lines and by characters, and says how much is left out', () => {
    expect(clip('a\nb\nc\n', 2, 100)).toEqual({ text: 'a\nb', hiddenLines: 1, isClipped: true });
    expect(clip('a\nb\n', 2, 100)).toEqual({ text: 'a\nb', hiddenLines: 0, isClipped: false });
    expect(clip('x'.repeat(50), 5, 10)).toEqual({ text: 'x'.repeat(10), hiddenLines: 1, isClipped: true });
  });

  it('makes one line of many', () => {
    expect(oneLine('  a\n b\u202e ', 20)).toBe('a b⟨U+202E⟩');
    expect(oneLine('x'.repeat(100), 10)).toHaveLength(10);
  });
});

describe('what was made for a terminal', () => {
  const e = '\u001b';

  it.each([
    [`${e}[1;31mERROR${e}[0m`, 'ERROR'], [`${e}[38;5;196mERR${e}[mOR`, 'ERROR'], ['\u009b31mred\u009bm', 'red'],
    ['10%\r50%\r100%\nnext\r\n', '100%\nnext\n'], ['Downloading\rOK', 'OKwnloading'], [`Downloading\rOK${e}[K`, 'OK'],
    ['a\r\r\nb', 'a\nb'], ['abc\b\bX', 'aXc'], ['_\bu_\bn', 'un'], ['a\u0007b', 'ab'],
    [`${e}]8;;https://h.example/x${e}\\a link${e}]8;;${e}\\ and ${e}]0;title\u0007more`, 'a link and more'],
    [`${e}]8;id=1;https://h.example\u0007a\u0007`, 'a'], [`${e}P+q544e${e}\\x`, 'x'], [`${e}(Bx${e}=${e}>`, 'x'],
    [`a: 1%\nb: 1%\n${e}[2A${e}[2Ka: 100%\n${e}[2Kb: 100%\n`, 'a: 100%\nb: 100%\n'],
    [`one\ntwo${e}[1A${e}[2K${e}[Gdone${e}[J`, 'done'], [`old${e}[2J${e}[Hnew`, 'new'], [`${e}7abc${e}8x`, 'xbc'],
    [`a${e}[3Cb`, 'a   b'], [`ab${e}[1Kc`, '  c'], [`on its way ${e}[3`, 'on its way '],
      [`on its way ${e}]8;;https`, 'on its way '],
    [`never ends ${e}]8;;x\nshown`, 'never ends ␛]8;;x\nshown'], ['C:\\x\u001b', 'C:\\x'],
      ['plain\ttext\n', 'plain\ttext\n'],
  ])('shows %j as %j', (text, shown) => expect(visibleOutput(text)).toBe(shown));

  it('shows the same in titles, in the outline, in the export and in the search', () => {
    const title = `${e}[1;31mERR${e}[0mOR ${e}]8;;https://h.example${e}\\10%\r${e}[Kat 100%`;
    expect(oneLine(title, 100)).toBe('at 100%');
    const store = new DocumentStore();
    const doc = (kind: string, key: string, data: object) => ({ kind, key, cursor: 1, data }) as Doc;
    store.putDocs([doc('session', 's', { title: `${e}[1mBold` }), doc('message', 'm', { role: 'user' }),
      doc('part', 'p', { messageID: 'm', type: 'text', text: `${e}[31mne${e}[0medle 1%\rneedle 9%` })], 1);
    const { rows, turns } = buildRows(store);
    expect(outlineOf(store, turns)).toEqual([{ id: 'm', title: 'needle 9%' }]);
    expect(searchRows(store, rows, 'needle 9')).toEqual(['u:m']);
    expect(searchRows(store, rows, '1%')).toEqual([]);
    expect(toMarkdown(store, turns)).toBe('# Bold\n\n## User\n\nneedle 9%\n');
  });

  it('takes time and space in proportion to the text, whatever it says', () => {
    const times = (text: string, count: number) => text.repeat(count);
    const long = [
      `ok\r\n${times('a', 400_000)}`, times('a', 200_000) + times(`\r${e}[Kb`, 50_000), times('a', 200_000)
        + times('\rb', 50_000),
      times(`${e}]`, 100_000), times('\u009d', 200_000), times(`${e}[999C${e}[999Bx`, 30_000),
        times(`${e}[999;999Hx`, 30_000),
      times('a', 200_000) + times(`${e}[1K`, 50_000), times('\n', 100_000) + times(`${e}[999A${e}[J`, 1_000),
        times(`${e}[`, 100_000),
      times(`${e}[2Jx\n`, 50_000), times('\b', 300_000),
    ];
    for (const text of long) {
      const start = performance.now();
      expect(visibleOutput(text).length).toBeLessThan(4 * text.length + 10_000);
      expect(performance.now() - start, JSON.stringify(text.slice(0, 20))).toBeLessThan(10_000);
    }
  });
});

describe('diffs', () => {
  const patch = '--- a/x.txt\n+++ b/x.txt\n@@ -1,3 +1,3 @@ head\n one\n-two\n+TWO\n three\n';

  it('are read from unified text with numbers and counts', () => {
    const [file] = parseUnified(patch);
    expect(file).toMatchObject({ file: 'x.txt', additions: 1, deletions: 1 });
    expect(file!.hunks[0]!.lines.map(({ before, after }) => [before, after])).toEqual([[1, 1], [2, undefined],
      [undefined, 2], [3, 3]]);
  });

  it('take lines that look like headers as what they are', () => {
    const [file] = parseUnified('--- a\n+++ a\n@@ -1,1 +1,1 @@\n--- gone\n+++ come\n');
    expect(file).toMatchObject({ additions: 1, deletions: 1 });
    expect(file!.hunks[0]!.lines.map(({ text }) => text)).toEqual(['-- gone', '++ come']);
  });

  it('are made of two texts', () => {
    expect(compare('f', 'a\nb\n', 'a\nc\n')).toMatchObject({ additions: 1, deletions: 1 });
    expect(compare('f', 'x'.repeat(1_000_001), '')).toBeUndefined();
  });

  it('stand beside each other', () => {
    const pairs = sideBySide(parseUnified(patch)[0]!.hunks[0]!.lines);
    expect(pairs.map(({ left, right }) => [left?.text, right?.text])).toEqual([['one', 'one'], ['two', 'TWO'],
      ['three', 'three']]);
  });
});

describe('addresses', () => {
  const share = '0'.repeat(22);
  const token = 'srpc_1xrtFHuR7FV1FHzPRyqmGO_o9zZCmN2SwcRZG3Sg76A3JrYXry9yHqMi1TgSMJOHZp_3di6ls';

  it('are read in both forms, below any path of the server', () => {
    expect(placeOf(new URL(`https://h/base/s/${share}#${token}`))).toEqual({
      server: 'https://h/base', shareId: share, token, message: undefined,
    });
    expect(placeOf(new URL(`https://h/share/${token}`))).toMatchObject({ server: 'https://h', shareId: undefined,
      token });
    expect(placeOf(new URL(`https://h/s/${share}#m-msg_1`))).toMatchObject({ token: undefined, message: 'msg_1' });
  });

  it('hold no token once they are plain', () => {
    expect(plainAddress('https://h', share, { message: 'msg_1' })).toBe(`https://h/s/${share}#m-msg_1`);
  });

  it('may be pasted, if they are links of this server', () => {
    expect(pastedLink(` https://h/s/${share}#${token} `, 'https://h')).toBeDefined();
    expect(pastedLink(`https://other/s/${share}#${token}`, 'https://h')).toBeUndefined();
    expect(pastedLink('javascript:alert(1)', 'https://h')).toBeUndefined();
  });
});
