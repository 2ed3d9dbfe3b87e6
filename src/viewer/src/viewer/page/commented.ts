import type { DocumentStore } from '../documents.ts';
import { isEdit } from '../session/edits.ts';
import { fileRow } from '../session/modes.ts';
import type { Row, SessionRows } from '../session/rows.ts';
import type { Thread } from '../session/comments.ts';
import type { Talk } from '../parts/view.ts';
import type { KeyAction } from './keys.ts';

/** Whether comments are shown in a row. */
export function isCommented(talk: Talk, row: Row): boolean {
  switch (row.type) {
    case 'part': return talk.threadsOn('part', row.part).length > 0;
    case 'answer': return talk.threadsOn('message', row.message.id).length > 0;
    case 'user': {
      const { id = '', parts = [] } = row.turn.user ?? {};
      return talk.threadsOn('message', id).length > 0 || parts.some((part) => talk.threadsOn('part', part).length > 0);
    }
    case 'file': return talk.diffKey !== undefined && talk.threadsOn('session_diff', talk.diffKey)
      .some(({ comments }) => comments[0]?.line?.file === row.file.file);
    default: return false;
  }
}

/** The rows that a key jumps between, and which way; undefined for other keys. */
export function jumpOf(
  action: KeyAction, store: DocumentStore, talk: Talk,
): [1 | -1, (row: Row) => boolean] | undefined {
  const isUser = (row: Row) => row.type === 'user';
  const isEditRow = (row: Row) => row.type === 'file' || (row.type === 'part' && isEdit(store.get('part', row.part)));
  const hasComments = (row: Row) => isCommented(talk, row);
  switch (action) {
    case 'nextMessage': return [1, isUser];
    case 'previousMessage': return [-1, isUser];
    case 'nextEdit': return [1, isEditRow];
    case 'previousEdit': return [-1, isEditRow];
    case 'nextComment': return [1, hasComments];
    case 'previousComment': return [-1, hasComments];
    default: return undefined;
  }
}

/** The row that shows a thread, or the message whose row does; undefined when neither is there. */
export function placeOfThread(thread: Thread, { rows, indexOf }: SessionRows): { row?: string; message?: string } {
  if (thread.kind === 'message') return { message: thread.key };
  if (thread.kind === 'session_diff') return { row: fileRow(thread.comments[0]?.line?.file ?? '') };
  if (indexOf.has(`p:${thread.key}`)) return { row: `p:${thread.key}` };
  const user = rows.find((row) => row.type === 'user' && row.turn.user?.parts.includes(thread.key));
  return user ? { row: user.id } : {};
}

/** The row of a message. */
export function rowOfMessage({ rows, indexOf }: SessionRows, message: string): string | undefined {
  return [`u:${message}`, `a:${message}`].find((candidate) => indexOf.has(candidate))
    ?? rows.find((candidate) => 'message' in candidate && candidate.message.id === message)?.id;
}

/** What hides a message that has no row: what was undone, or subagents. */
export function hidingOf({ rows, subagents }: SessionRows, message: string, isKnown: boolean): string[] {
  const undone = rows.find((one) => one.type === 'undone' && one.run.messages.some(({ id }) => id === message));
  return undone ? [undone.id] : isKnown ? [...subagents.keys()].map((id) => `s:${id}`) : [];
}
