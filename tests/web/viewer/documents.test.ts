import type { Doc, Op } from '@sharerpc/client';
import { describe, expect, it } from 'vitest';
import { DocumentStore } from '../../../src/viewer/src/viewer/documents.ts';

const doc = (key: string, cursor: number, data: Doc['data'] = {}, kind = 'part'): Doc => ({ kind, key, cursor, data });
const op = (cursor: number, verb: 'put' | 'append' | 'remove', key: string, data?: Doc['data']): Op =>
  ({ cursor, verb, kind: 'part', key, data, op_id: `o${cursor}`, actor: 'a', time_ms: 0, schema_version: 1 }) as Op;

describe('DocumentStore', () => {
  it('applies an op to a document only if its cursor is larger (STATE-3)', () => {
    const store = new DocumentStore();
    store.putDocs([doc('p', 5, { text: 'five' })], 5);
    store.applyOps([op(4, 'put', 'p', { text: 'four' }), op(5, 'append', 'p', { field: 'text', text: '!' })], 5);
    expect(store.get('part', 'p')!.data).toEqual({ text: 'five' });
    store.applyOps([op(6, 'append', 'p', { field: 'text', text: '!' })], 6);
    expect(store.get('part', 'p')!.data).toEqual({ text: 'five!' });
    expect(store.cursor).toBe(6);
  });

  it('joins halves of a surrogate pair (FOLD-4)', () => {
    const store = new DocumentStore();
    store.applyOps([op(1, 'put', 'p', { text: 'a\ud83d' }), op(2, 'append', 'p', { field: 'text', text: '\ude00b' })],
      2);
    expect((store.get('part', 'p')!.data as { text: string }).text).toBe('a😀b');
  });

  it('does not bring back what was removed while the state was read', () => {
    const store = new DocumentStore();
    store.putDocs([doc('p', 3)], 3);
    store.applyOps([op(7, 'remove', 'p')], 7);
    store.putDocs([doc('p', 3)], 3);
    store.applyOps([op(5, 'put', 'p', { late: true })], 7);
    expect(store.get('part', 'p')).toBeUndefined();
    store.applyOps([op(8, 'put', 'p', { again: true })], 8);
    expect(store.get('part', 'p')!.data).toEqual({ again: true });
  });

  it('counts hidden ops and keeps nothing of them', () => {
    const store = new DocumentStore();
    store.applyOps([{ cursor: 1, hidden: true }, { cursor: 2, hidden: true }], 2);
    expect(store.hiddenOps).toBe(2);
    expect(store.isEmpty).toBe(true);
    expect(store.cursor).toBe(2);
  });

  it('drops a document that an op hides, and keeps one of which an op is hidden (REDACT-3)', () => {
    const store = new DocumentStore();
    store.applyOps([op(1, 'put', 'p', { text: 'a' }), op(2, 'put', 'q', { text: 'a' })], 2);
    store.applyOps([{ cursor: 3, verb: 'remove', kind: 'part', key: 'p', redacted: true }], 3);
    store.applyOps([{ cursor: 4, kind: 'part', key: 'q', redacted: true },
      op(5, 'append', 'q', { field: 'text', text: 'b' })], 5);
    expect(store.get('part', 'p')).toBeUndefined();
    expect(store.get('part', 'q')).toEqual({ kind: 'part', key: 'q', cursor: 5, data: { text: 'ab' }, redacted: true });
    expect(store.hiddenOps).toBe(2);
  });

  it('says whether rows have to be made anew: growing text does not move them', () => {
    const store = new DocumentStore();
    store.putDocs([doc('p', 1, { messageID: 'm', type: 'text', text: 'a' })], 1);
    expect(store.takeChanges().structure).toBe(true);
    store.applyOps([op(2, 'append', 'p', { field: 'text', text: 'b' })], 2);
    const changes = store.takeChanges();
    expect(changes.structure).toBe(false);
    expect([...changes.kinds]).toEqual(['part']);
    store.applyOps([op(3, 'put', 'p', { messageID: 'm', type: 'text', text: 'c' })], 3);
    expect(store.takeChanges().structure).toBe(false);
    store.applyOps([op(4, 'put', 'p', { messageID: 'm', type: 'tool', text: 'c' })], 4);
    expect(store.takeChanges().structure).toBe(true);
    store.applyOps([op(5, 'remove', 'p')], 5);
    expect(store.takeChanges().structure).toBe(true);
  });

  it('forgets what the state no longer lists after a gap, but nothing newer than it', () => {
    const store = new DocumentStore();
    store.putDocs([doc('old', 2), doc('kept', 3), doc('new', 20)], 3);
    store.keepOnly(new Set(['part kept']), 10);
    expect([...store.all('part')].map(({ key }) => key)).toEqual(['kept', 'new']);
  });

  it('keeps nothing once it is cleared', () => {
    const store = new DocumentStore();
    store.putDocs([doc('p', 1)], 1);
    store.clear();
    expect(store.isEmpty).toBe(true);
  });
});
