import type { DocumentStore } from '../documents.ts';
import type { Steps } from '../text/slices.ts';
import type { ChangedFile } from './changes.ts';
import { isEdit } from './edits.ts';
import type { Row } from './rows.ts';

/** What the list shows: everything, questions with edits only, or the changed files. */
export type Mode = 'all' | 'edits' | 'files';

/** The rows of a list, and their places in it. */
export interface ListedRows {
  rows: readonly Row[];
  indexOf: ReadonlyMap<string, number>;
}

/** Leaves the questions, what was edited for them, and what the turn took; in steps. */
export function* editRowsSteps(store: DocumentStore, rows: readonly Row[]): Steps<ListedRows> {
  const kept: Row[] = [];
  for (const row of rows) {
    const isKept = row.type === 'part' ? isEdit(store.get('part', row.part)) : !left.has(row.type);
    if (isKept) kept.push(row);
    yield;
  }
  return listed(kept);
}

const left = new Set<Row['type']>(['answer', 'undone']);

/** Gives each changed file a row. */
export function fileRows(files: readonly ChangedFile[]): ListedRows {
  const rows = files.map((file): Row => ({ id: fileRow(file.file), type: 'file', file }));
  return listed([...rows, { id: 'end', type: 'end' }]);
}

/** The id of a file's row. */
export function fileRow(file: string): string {
  return `F:${file}`;
}

function listed(rows: readonly Row[]): ListedRows {
  return { rows, indexOf: new Map(rows.map((row, index) => [row.id, index])) };
}
