import { authorOf, commentKey, commentPlace } from '@sharerpc/client';
import { describe, expect, it } from 'vitest';
import { DocumentStore } from '../../../src/viewer/src/viewer/documents.ts';
import { namesOf } from '../../../src/viewer/src/viewer/page/presence.ts';
import { nameOf, threadsOf } from '../../../src/viewer/src/viewer/session/comments.ts';

describe('comments', () => {
  it('have keys that name what they are on', () => {
    expect(commentPlace('part/a/b/c1')).toEqual({ kind: 'part', key: 'a/b', id: 'c1' });
    for (const text of ['part/a', 'turn/t/c', 'part//c', 'part/a/', 'part/a/c.1', '']) {
      expect(commentPlace(text)).toBeUndefined();
    }
    expect(commentKey({ kind: 'message', key: 'm', id: 'x' })).toBe('message/m/x');
  });

  it('have the author that the protocol derives from the capability', () => {
    expect(authorOf('0FTH9SrmrPlhCxY3CJqrui')).toBe('5i7FZ253ONZInPsxGTcCFo');
  });

  it('are threads in the order of their times, resolved as the last one says that says it', () => {
    const store = new DocumentStore();
    const put = (key: string, data: object) => store.putDocs([{ kind: 'comment', key, cursor: 1, data } as never], 1);
    put('part/p/b', { text: 'second', parent: 'a', time: { created: 2 }, author: { id: 'wxyz1', label: 'Ana' } });
    put('part/p/a', { text: 'first', time: { created: 1 }, author: { owner: true } });
    put('part/p/c', { parent: 'a', resolved: true, time: { created: 3 }, author: { id: 'abcdefgh' } });
    put('part/p/z', { text: 'other', time: { created: 4, edited: 5 } });
    put('odd', { text: 'not one' });
    const [thread, other] = threadsOf(store).get('part/p')!;
    expect(thread!.comments.map(({ author, text }) => [author.name, text])).toEqual([
      ['Owner', 'first'], ['Ana · wxyz', 'second'], ['Guest · abcd', '']]);
    expect(thread!.comments.map(({ author }) => author.isOwner)).toEqual([true, false, false]);
    expect([thread!.isResolved, other!.isResolved, other!.comments[0]!.isEdited]).toEqual([true, false, true]);
    put('part/p/d', { text: 'no', parent: 'a', resolved: false, time: { created: 9 } });
    expect(threadsOf(store).get('part/p')![0]!.isResolved).toBe(false);
  });

  it('take any data for what it is', () => {
    const store = new DocumentStore();
    for (const data of [null, [], 'x', { text: 1, author: [], time: { created: 'x' }, line: { file: 'a' } }]) {
      const cursor = store.cursor + 1;
      store.putDocs([{ kind: 'comment', key: 'message/m/1', cursor, data } as never], cursor);
      expect(threadsOf(store).get('message/m')).toHaveLength(1);
    }
    expect(nameOf({ id: '', label: '', isOwner: false })).toBe('Guest · ');
  });

  it('name nobody but the owner as the owner, and tell those of one label apart', () => {
    expect(nameOf({ id: 'evil1', label: 'Owner', isOwner: false })).toBe('Owner · evil');
    expect(nameOf({ id: 'aaaa1', label: 'Team', isOwner: false }))
      .not.toBe(nameOf({ id: 'bbbb1', label: 'Team', isOwner: false }));
    expect(nameOf({ id: 'cccc1', label: 'Owner'.repeat(40), isOwner: false })).toMatch(/^.{30} · cccc$/);
    expect(nameOf({ id: 'dddd1', label: ' \u200b\n ', isOwner: false })).toMatch(/ · dddd$/);
    expect(namesOf({
      present: [{ id: 'o', owner: true, handles: 2 }, { id: 'evil', label: 'Owner', handles: 1 }], more: 1,
    })).toEqual([
      { name: 'Owner (2)', isOwner: true }, { name: 'Owner · evil', isOwner: false },
      { name: 'and 1 more', isOwner: false }]);
  });
});
