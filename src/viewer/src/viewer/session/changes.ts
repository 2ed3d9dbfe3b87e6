import type { FileDiff } from '../diff/file-diff.ts';
import type { DocumentStore } from '../documents.ts';
import type { Steps } from '../text/slices.ts';
import { text } from './fields.ts';
import { editsOf } from './edits.ts';
import type { Row } from './rows.ts';
import { sessionDiffs } from './summary.ts';

/** An edit of a file: the row that shows it, and the changes. */
export interface FileEdit {
  row: string;
  diff: FileDiff;
}

/** A file that a session changed: in all, if the agent said so, and edit by edit. */
export interface ChangedFile {
  file: string;
  whole: FileDiff | undefined;
  edits: FileEdit[];
}

/** Collects the changed files, those of the whole session first, in steps. */
export function* changesSteps(store: DocumentStore, rows: readonly Row[]): Steps<ChangedFile[]> {
  const [session] = store.all('session');
  const directory = text(session?.data, 'directory').replace(/\/?$/, '/');
  const files = new Map<string, ChangedFile>();
  const fileOf = (path: string) => {
    const name = path.startsWith(directory) ? path.slice(directory.length) : path;
    let known = files.get(name);
    if (!known) files.set(name, (known = { file: name, whole: undefined, edits: [] }));
    return known;
  };
  for (const diff of sessionDiffs(store)) {
    fileOf(diff.file).whole ??= diff;
    // Counts that nobody gave are made here, a file in a step.
    void diff.additions;
    yield;
  }
  for (const row of rows) {
    if (row.type !== 'part') continue;
    for (const diff of editsOf(store.get('part', row.part))) fileOf(diff.file).edits.push({ row: row.id, diff });
    yield;
  }
  return [...files.values()];
}

/** Returns the differences to show of a file. */
export function diffsOf({ whole, edits }: ChangedFile): readonly FileDiff[] {
  return whole && whole.hunks.length > 0 ? [whole] : edits.map(({ diff }) => diff);
}

/** Adds up lines; a whole difference counts instead of its edits. */
export function countsOf({ whole, edits }: ChangedFile): { additions: number; deletions: number } {
  const counted = whole ? [whole] : edits.map(({ diff }) => diff);
  return {
    additions: counted.reduce((sum, diff) => sum + diff.additions, 0),
    deletions: counted.reduce((sum, diff) => sum + diff.deletions, 0),
  };
}
