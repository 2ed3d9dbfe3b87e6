import { structuredPatch } from 'diff';

export type LineType = 'same' | 'added' | 'removed';

export interface DiffLine {
  type: LineType;
  /** Line numbers; absent on the side without the line. */
  before?: number;
  after?: number;
  text: string;
}

export interface Hunk {
  /** Text after the second `@@`, mostly the function. */
  heading: string;
  lines: DiffLine[];
}

export interface FileDiff {
  file: string;
  additions: number;
  deletions: number;
  hunks: Hunk[];
}

/** Texts beyond this are not compared here; their counts are shown if somebody gave them. */
const maxCompared = 1_000_000;
/** The time of a comparison grows with lines times edits: 40,000 lines and 500 edits take 30 ms. */
const maxEdits = 500;
/** Of texts that are longer, in characters, only so many edits are looked for. */
const longChars = 200_000;
const maxEditsOfLong = 60;

/** Parses a unified diff. Ignores other lines; tolerates broken headers. */
export function parseUnified(patch: string, name = ''): FileDiff[] {
  const files: FileDiff[] = [];
  let file: FileDiff | undefined;
  let hunk: Hunk | undefined;
  let before = 0;
  let after = 0;
  let leftBefore = 0;
  let leftAfter = 0;
  for (const line of patch.split('\n')) {
    if (hunk && file && (leftBefore > 0 || leftAfter > 0) && /^[ +\-]|^$/.test(line)) {
      const type: LineType = line[0] === '+' ? 'added' : line[0] === '-' ? 'removed' : 'same';
      const entry: DiffLine = { type, text: line.slice(1).replace(/\r$/, '') };
      if (type !== 'added') { entry.before = before++; leftBefore--; }
      if (type !== 'removed') { entry.after = after++; leftAfter--; }
      if (type === 'added') file.additions++;
      if (type === 'removed') file.deletions++;
      hunk.lines.push(entry);
      continue;
    }
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line);
    if (header) {
      file ??= start(name);
      before = Number(header[1]);
      leftBefore = Number(header[2] ?? 1);
      after = Number(header[3]);
      leftAfter = Number(header[4] ?? 1);
      file.hunks.push((hunk = { heading: header[5] ?? '', lines: [] }));
    } else if (line.startsWith('--- ')) {
      file = start(pathOf(line) ?? name);
      hunk = undefined;
    } else if (line.startsWith('+++ ') && file && !hunk) {
      file.file = pathOf(line) ?? file.file;
    }
  }
  return files;

  function start(path: string): FileDiff {
    const made = { file: path, additions: 0, deletions: 0, hunks: [] };
    files.push(made);
    return made;
  }
}

/**
 * Returns what lies between two texts; undefined when they are too long to compare here. Texts with more than
 * {@link maxEdits} changed lines ({@link maxEditsOfLong} if they are long) differ as a whole between their first and
 * their last change.
 */
export function compare(file: string, before: string, after: string): FileDiff | undefined {
  if (before.length + after.length > maxCompared) return undefined;
  const isLong = before.length + after.length > longChars;
  const options = { context: 3, maxEditLength: isLong ? maxEditsOfLong : maxEdits };
  const patch = structuredPatch(file, file, before, after, '', '', options);
  if (!patch) return compareEnds(file, before.split('\n'), after.split('\n'));
  const result: FileDiff = { file, additions: 0, deletions: 0, hunks: [] };
  for (const { oldStart, newStart, lines } of patch.hunks) {
    let [old, now] = [oldStart, newStart];
    const hunk: Hunk = { heading: '', lines: [] };
    for (const line of lines) {
      if (line[0] === '\\') continue;
      const type: LineType = line[0] === '+' ? 'added' : line[0] === '-' ? 'removed' : 'same';
      const entry: DiffLine = { type, text: line.slice(1) };
      if (type !== 'added') entry.before = old++;
      if (type !== 'removed') entry.after = now++;
      if (type === 'added') result.additions++;
      if (type === 'removed') result.deletions++;
      hunk.lines.push(entry);
    }
    result.hunks.push(hunk);
  }
  return result;
}

/** Compares from both ends, and takes all in between as changed. */
function compareEnds(file: string, before: readonly string[], after: readonly string[]): FileDiff {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const [removed, added] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const lines: DiffLine[] = [
    ...removed.map((text, at): DiffLine => ({ type: 'removed', before: start + at + 1, text })),
    ...added.map((text, at): DiffLine => ({ type: 'added', after: start + at + 1, text })),
  ];
  return { file, additions: added.length, deletions: removed.length, hunks: [{ heading: '', lines }] };
}

/** Writes a difference as a patch. */
export function toUnified({ file, hunks }: FileDiff): string {
  const out = [`--- a/${file}`, `+++ b/${file}`];
  for (const { heading, lines } of hunks) {
    const range = (side: 'before' | 'after') => {
      const numbers = lines.flatMap((line) => line[side] ?? []);
      return `${numbers[0] ?? 0},${numbers.length}`;
    };
    out.push(`@@ -${range('before')} +${range('after')} @@${heading === '' ? '' : ` ${heading}`}`);
    for (const { type, text } of lines) out.push((type === 'added' ? '+' : type === 'removed' ? '-' : ' ') + text);
  }
  return `${out.join('\n')}\n`;
}

export interface SidePair {
  left?: DiffLine;
  right?: DiffLine;
}

export function sideBySide(lines: readonly DiffLine[]): SidePair[] {
  const pairs: SidePair[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = () => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) {
      pairs.push({ ...(removed[i] ? { left: removed[i]! } : {}), ...(added[i] ? { right: added[i]! } : {}) });
    }
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.type === 'removed') removed.push(line);
    else if (line.type === 'added') added.push(line);
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}

/** Returns `[start, end of a, end of b]` of the differing middle; undefined when too little is common. */
export function changedMiddle(a: string, b: string): [number, number, number] | undefined {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return (start + end) * 3 < Math.max(a.length, b.length) ? undefined : [start, a.length - end, b.length - end];
}

function pathOf(line: string): string | undefined {
  const path = line.slice(4).split('\t')[0]!.trim().replace(/^[ab]\//, '');
  return path === '/dev/null' || path === '' ? undefined : path;
}
