import { compare, parseUnified, type FileDiff } from '../diff/file-diff.ts';
import type { Doc } from '../documents.ts';
import type { Steps } from '../text/slices.ts';
import { fields, list, text, type Fields } from './fields.ts';
import { diffOf } from './summary.ts';

const diffs = new WeakMap<object, FileDiff[]>();

/** Texts up to this are compared within a millisecond or two. */
const quickChars = 20_000;

/** Returns what a tool call changed in files, made once. */
export function toolDiffs(state: Fields, input: Fields): FileDiff[] {
  const known = diffs.get(state);
  if (known) return known;
  const made = text(state, 'status') === 'error' ? [] : madeDiffs(state, input);
  diffs.set(state, made);
  return made;
}

/** Whether the differences of a call are there, or are made at once. */
export function areQuick(state: Fields, input: Fields): boolean {
  if (diffs.has(state)) return true;
  const patches = [text(state, 'metadata', 'diff'), text(state, 'metadata', 'filediff', 'patch')];
  const texts = [...Object.values(input), ...patches];
  const chars = texts.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
  return chars < quickChars && list(state, 'metadata', 'files').length === 0;
}

/** Makes the differences of a call, in a step of its own. */
export function* editSteps(state: Fields, input: Fields): Steps<void> {
  yield;
  toolDiffs(state, input);
}

/** Returns what a part changed in files. */
export function editsOf(doc: Doc | undefined): readonly FileDiff[] {
  if (text(doc?.data, 'type') !== 'tool') return [];
  const state = fields(fields(doc?.data).state);
  return toolDiffs(state, fields(state.input));
}

export function isEdit(doc: Doc | undefined): boolean {
  return editsOf(doc).length > 0;
}

function madeDiffs(state: Fields, input: Fields): FileDiff[] {
  const file = text(input, 'filePath') || text(input, 'file_path') || text(input, 'path');
  const many = list(state, 'metadata', 'files').map(diffOf).filter((diff) => diff.hunks.length > 0);
  if (many.length > 0) return many;
  const patch = text(state, 'metadata', 'filediff', 'patch') || text(state, 'metadata', 'diff');
  if (patch !== '') {
    const parsed = parseUnified(patch, file).filter((diff) => diff.hunks.length > 0);
    if (parsed.length > 0) return parsed;
  }
  const before = text(input, 'oldString') || text(input, 'old_string');
  const after = text(input, 'newString') || text(input, 'new_string') || text(input, 'content');
  const compared = file !== '' && (before !== '' || after !== '') ? compare(file, before, after) : undefined;
  return compared && compared.hunks.length > 0 ? [compared] : [];
}
