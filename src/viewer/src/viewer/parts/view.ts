import type { DocumentStore } from '../documents.ts';
import type { Comment, CommentLine, Thread } from '../session/comments.ts';
import type { Message, Subagent } from '../session/rows.ts';
import type { Steps } from '../text/slices.ts';

/** What a reader is writing. `place` names it; one at a time for a place. */
export interface Draft {
  place: string;
  kind: Thread['kind'];
  key: string;
  text: string;
  parent?: string;
  line?: CommentLine;
  quote?: string;
  /** The comment that is edited. */
  edits?: Comment;
  isSending?: boolean;
  /** Why it was not taken. */
  trouble?: string;
}

/** What readers say, and what this one may say. */
export interface Talk {
  readonly mayComment: boolean;
  readonly isOwner: boolean;
  /** `author.id` of this reader. */
  readonly me: string;
  /** The document with the changes of the whole session. */
  readonly diffKey: string | undefined;
  threadsOn(kind: string, key: string): readonly Thread[];
  draft(place: string): Draft | undefined;
  /** The drafts of new threads on a document. */
  draftsOn(kind: string, key: string): readonly Draft[];
  begin(draft: Omit<Draft, 'text'> & { text?: string }): void;
  type(place: string, text: string): void;
  cancel(place: string): void;
  send(place: string): void;
  resolve(thread: Thread, resolved: boolean): void;
  remove(comment: Comment): void;
}

export interface View {
  readonly talk: Talk;
  store: DocumentStore;
  /** `byDefault` until the reader changes it. */
  isOpen(id: string, byDefault: boolean): boolean;
  toggle(id: string, byDefault: boolean): void;
  /** Reuses nodes of unchanged blocks. */
  markdown(id: string, text: string): Node;
  /** Elements that are made over frames, and kept until the key is another. */
  grown(id: string, key: readonly unknown[], make: () => Iterator<Node>): HTMLElement;
  isSplit: boolean;
  toggleSplit(): void;
  /** Times say how long ago they are. */
  isRelative: boolean;
  toggleTimes(): void;
  /** Does work over frames, and draws again when it is done. Once at a time for an id. */
  later(id: string, steps: Steps<unknown>): void;
  /** Undefined unless its link was opened in this tab. */
  sessionAddress(sessionId: string): string | undefined;
  /** Without a token. */
  permalink(messageId: string): string;
  /** The address of a line of a diff, without a token. */
  lineAddress(line: string): string;
  /** The line that was linked to. */
  readonly targetLine: string | undefined;
  /** Copies the link, or a link to a message or a line of a diff, with its key. */
  copyLink(event: Event, messageId?: string, line?: string): void;
  /** Copies a text, made when it is asked for, and says so. */
  copy(event: Event, what: string, text: () => string): void;
  /** The subagents that a message is inside of. */
  crumbs(message: Message): readonly Subagent[];
  /** Undefined unless its messages are in the share. */
  subagent(session: string): Subagent | undefined;
  /** Brings a row into sight. */
  show(row: string): void;
}
