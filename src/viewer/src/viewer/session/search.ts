import type { DocumentStore } from '../documents.ts';
import { finish, type Steps } from '../text/slices.ts';
import { shownSteps } from '../text/terminal.ts';
import { fields, text } from './fields.ts';
import type { Row } from './rows.ts';

const maxHits = 5000;

/** Ignores case. */
export function searchRows(store: DocumentStore, rows: readonly Row[], query: string): string[] {
  return finish(searchSteps(store, rows, query));
}

/** The same in steps. */
export function* searchSteps(store: DocumentStore, rows: readonly Row[], query: string): Steps<string[]> {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return [];
  const hits: string[] = [];
  for (const row of rows) {
    if (hits.length >= maxHits) break;
    if (yield* isHit(textOfRow(store, row), wanted)) hits.push(row.id);
    yield;
  }
  return hits;
}

function* isHit(pieces: readonly string[], wanted: string): Steps<boolean> {
  for (const piece of pieces) {
    const shown = yield* shownSteps(piece);
    if (shown.length > 1_000_000) yield;
    if (shown.toLowerCase().includes(wanted)) return true;
  }
  return false;
}

function textOfRow(store: DocumentStore, row: Row): string[] {
  if (row.type === 'user') return row.turn.user!.parts.flatMap((part) => textOfPart(store.get('part', part)?.data));
  if (row.type === 'part') return textOfPart(store.get('part', row.part)?.data);
  if (row.type === 'error') return [text(row.message.doc.data, 'error', 'name'), text(row.message.doc.data, 'error',
    'data', 'message')];
  return [];
}

const searched = ['text', 'filename', 'description', 'prompt', 'result', 'summary', 'record', 'detail'];

function textOfPart(data: unknown): string[] {
  const type = text(data, 'type');
  if (type !== 'tool') return searched.map((name) => text(data, name));
  const state = fields(fields(data).state);
  const input = Object.values(fields(state.input)).filter((value) => typeof value === 'string');
  return [text(data, 'tool'), text(state, 'title'), text(state, 'output'), text(state, 'error'), ...input];
}
