import { commentPlace, type CommentPlace } from '@sharerpc/client';
import type { Doc, DocumentStore } from '../documents.ts';
import { oneLine } from '../text/visible.ts';
import { fields, has, number, text } from './fields.ts';

/** Who holds the share: what the page calls them. A name may look like any other: `isOwner` alone tells the owner. */
export interface Holder {
  id: string;
  name: string;
  isOwner: boolean;
}

/** A line of a diff that a comment is on. */
export interface CommentLine {
  file: string;
  side: 'before' | 'after';
  number: number;
}

export interface Comment extends CommentPlace {
  text: string;
  parent: string | undefined;
  quote: string;
  line: CommentLine | undefined;
  /** Whether it says that its thread is resolved, or is not; undefined: neither. */
  resolved: boolean | undefined;
  author: Holder;
  created: number;
  isEdited: boolean;
}

/** The comments on one document that answer one another, oldest first. */
export interface Thread {
  id: string;
  kind: CommentPlace['kind'];
  key: string;
  comments: Comment[];
  isResolved: boolean;
}

export type Threads = ReadonlyMap<string, readonly Thread[]>;

/** The threads of a session, by `<kind>/<key>` of what they are on. */
export function threadsOf(store: DocumentStore): Threads {
  const threads = new Map<string, Thread>();
  for (const doc of store.all('comment')) {
    const comment = commentOf(doc);
    if (!comment) continue;
    const { kind, key } = comment;
    const id = comment.parent ?? comment.id;
    const name = `${kind}/${key}/${id}`;
    const known = threads.get(name);
    if (known) known.comments.push(comment);
    else threads.set(name, { id, kind, key, comments: [comment], isResolved: false });
  }
  const byTarget = new Map<string, Thread[]>();
  for (const thread of threads.values()) {
    thread.comments.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
    thread.isResolved = thread.comments.findLast(({ resolved }) => resolved !== undefined)?.resolved ?? false;
    const target = `${thread.kind}/${thread.key}`;
    byTarget.set(target, [...(byTarget.get(target) ?? []), thread]);
  }
  for (const list of byTarget.values()) list.sort((a, b) => a.comments[0]!.created - b.comments[0]!.created);
  return byTarget;
}

function commentOf({ key, data }: Doc): Comment | undefined {
  const place = commentPlace(key);
  if (!place) return undefined;
  const { resolved } = fields(data);
  const file = text(data, 'line', 'file');
  const at = number(data, 'line', 'number');
  const id = text(data, 'author', 'id');
  const isOwner = fields(fields(data)['author'])['owner'] === true;
  return {
    ...place,
    text: text(data, 'text'),
    parent: text(data, 'parent') || undefined,
    quote: text(data, 'quote'),
    line: file === '' || at === undefined ? undefined
      : { file, side: text(data, 'line', 'side') === 'before' ? 'before' : 'after', number: at },
    resolved: typeof resolved === 'boolean' ? resolved : undefined,
    author: { id, name: nameOf({ id, label: text(data, 'author', 'label'), isOwner }), isOwner },
    created: number(data, 'time', 'created') ?? 0,
    isEdited: has(data, 'time', 'edited'),
  };
}

/** How a holder of the share is called; those of one label differ by their ids. */
export function nameOf({ id, label, isOwner }: { id: string; label: string; isOwner: boolean }): string {
  return isOwner ? 'Owner' : `${oneLine(label, 30) || 'Guest'} · ${id.slice(0, 4)}`;
}
