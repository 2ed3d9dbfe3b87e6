import { describe, expect, it } from 'vitest';
import { compare, parseUnified, sideBySide } from '../../../src/viewer/src/viewer/diff/file-diff.ts';
import { pastedLink, placeOf, plainAddress } from '../../../src/viewer/src/viewer/address.ts';
import { clip, oneLine, visible, visibleOutput } from '../../../src/viewer/src/viewer/text/visible.ts';

describe('text as it is shown', () => {
  it('marks controls that reorder or hide', () => {
    expect(visible('a\u202eb\u200bc\u0000d')).toBe('a⟨U+202E⟩b⟨U+200B⟩c␀d');
  });

  it('takes the escapes of terminals out, and shows a line that was written over as it ended', () => {
    expect(visibleOutput('\u001b[31mred\u001b[0m \u001b]0;title\u0007x')).toBe('red x');
    expect(visibleOutput('10%\r50%\r100%\nnext\r\n')).toBe('100%\nnext\n');
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

describe('diffs', () => {
  const patch = '--- a/x.txt\n+++ b/x.txt\n@@ -1,3 +1,3 @@ head\n one\n-two\n+TWO\n three\n';

  it('are read from unified text with numbers and counts', () => {
    const [file] = parseUnified(patch);
    expect(file).toMatchObject({ file: 'x.txt', additions: 1, deletions: 1 });
    expect(file!.hunks[0]!.lines.map(({ before, after }) => [before, after])).toEqual([[1, 1], [2, undefined], [undefined, 2], [3, 3]]);
  });

  it('take lines that look like headers as what they are', () => {
    const [file] = parseUnified('--- a\n+++ a\n@@ -1,1 +1,1 @@\n--- gone\n+++ come\n');
    expect(file).toMatchObject({ additions: 1, deletions: 1 });
    expect(file!.hunks[0]!.lines.map(({ text }) => text)).toEqual(['-- gone', '++ come']);
  });

  it('are made of two texts', () => {
    expect(compare('f', 'a\nb\n', 'a\nc\n')).toMatchObject({ additions: 1, deletions: 1 });
    expect(compare('f', 'x'.repeat(500_000), '')).toBeUndefined();
  });

  it('stand beside each other', () => {
    const pairs = sideBySide(parseUnified(patch)[0]!.hunks[0]!.lines);
    expect(pairs.map(({ left, right }) => [left?.text, right?.text])).toEqual([['one', 'one'], ['two', 'TWO'], ['three', 'three']]);
  });
});

describe('addresses', () => {
  const share = '0'.repeat(22);
  const token = 'srpc_1xrtFHuR7FV1FHzPRyqmGO_o9zZCmN2SwcRZG3Sg76A3JrYXry9yHqMi1TgSMJOHZp_3di6ls';

  it('are read in both forms, below any path of the server', () => {
    expect(placeOf(new URL(`https://h/base/s/${share}#${token}`))).toEqual({
      server: 'https://h/base', shareId: share, token, message: undefined,
    });
    expect(placeOf(new URL(`https://h/share/${token}`))).toMatchObject({ server: 'https://h', shareId: undefined, token });
    expect(placeOf(new URL(`https://h/s/${share}#m-msg_1`))).toMatchObject({ token: undefined, message: 'msg_1' });
  });

  it('hold no token once they are plain', () => {
    expect(plainAddress('https://h', share, 'msg_1')).toBe(`https://h/s/${share}#m-msg_1`);
  });

  it('may be pasted, if they are links of this server', () => {
    expect(pastedLink(` https://h/s/${share}#${token} `, 'https://h')).toBeDefined();
    expect(pastedLink(`https://other/s/${share}#${token}`, 'https://h')).toBeUndefined();
    expect(pastedLink('javascript:alert(1)', 'https://h')).toBeUndefined();
  });
});
