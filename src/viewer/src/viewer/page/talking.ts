import {
  authorOf, commentKey, newId, newOpId, ShareRpcError, type CommentData, type JsonObject, type NewOp,
} from '@sharerpc/client';
import type { Draft, Talk } from '../parts/view.ts';
import type { DocumentStore } from '../documents.ts';
import { threadsOf, type Comment, type Thread, type Threads } from '../session/comments.ts';

/** Who reads here, as the server says it. */
export interface Reader {
  capId: string;
  mayComment: boolean;
  isOwner: boolean;
}

/** What talking needs of the page. */
export interface TalkPlaces {
  changed(): void;
  say(text: string): void;
  /** Undefined where nothing can be sent: a saved file. */
  reader(): Reader | undefined;
  /** Sends one op and tells the code of its rejection. */
  append?(op: NewOp): Promise<string | undefined>;
}

const troubles: Record<string, string> = {
  rate_limited: 'You have commented a lot in this hour. Try again later.',
  no_target: 'What this is on is no longer there.',
  not_author: 'Only its author may change this comment.',
  quota_exceeded: 'This session has as many comments as it may have.',
  too_large: 'This is too long.',
  kind_not_allowed: 'This link may not comment.',
  forbidden: 'This link may not comment.',
  share_ended: 'This session has ended and takes no more comments.',
};

/** The comments of a session: what is said, and what the reader is writing. */
export class Talking implements Talk {
  private threads: Threads = new Map();
  private readonly drafts = new Map<string, Draft>();
  /** The field to go to once it is drawn. */
  wanted: string | undefined;

  constructor(private readonly store: DocumentStore, private readonly places: TalkPlaces) {}

  /** Looks at the comments again. */
  refresh(): void {
    this.threads = threadsOf(this.store);
  }

  get all(): readonly Thread[] {
    return [...this.threads.values()].flat();
  }

  get mayComment(): boolean {
    return this.places.append !== undefined && (this.places.reader()?.mayComment ?? false);
  }

  get isOwner(): boolean {
    return this.places.reader()?.isOwner ?? false;
  }

  get me(): string {
    const capId = this.places.reader()?.capId;
    return capId === undefined ? '' : authorOf(capId);
  }

  get diffKey(): string | undefined {
    const [diff] = this.store.all('session_diff');
    return diff?.key;
  }

  threadsOn(kind: string, key: string): readonly Thread[] {
    return this.threads.get(`${kind}/${key}`) ?? [];
  }

  draft(place: string): Draft | undefined {
    return this.drafts.get(place);
  }

  draftsOn(kind: string, key: string): readonly Draft[] {
    return [...this.drafts.values()].filter((draft) =>
      draft.kind === kind && draft.key === key && draft.parent === undefined && draft.edits === undefined);
  }

  begin(draft: Omit<Draft, 'text'> & { text?: string }): void {
    if (!this.drafts.has(draft.place)) this.drafts.set(draft.place, { text: '', ...draft });
    this.wanted = draft.place;
    this.places.changed();
  }

  /** Kept, not drawn: the field shows it already. */
  type(place: string, text: string): void {
    const draft = this.drafts.get(place);
    if (draft) draft.text = text;
  }

  cancel(place: string): void {
    this.drafts.delete(place);
    this.places.changed();
  }

  send(place: string): void {
    const draft = this.drafts.get(place);
    if (!draft || draft.isSending || draft.text.trim() === '') return;
    const { kind, key, parent, line, quote, edits } = draft;
    const data: CommentData = edits
      ? { text: draft.text, ...(edits.resolved !== undefined && { resolved: edits.resolved }) }
      : {
        text: draft.text, ...(parent !== undefined && { parent }), ...(line && { line }),
        ...(quote !== undefined && { quote: quote.slice(0, 300) }),
      };
    draft.isSending = true;
    delete draft.trouble;
    this.places.changed();
    void this.put(commentKey({ kind, key, id: edits?.id ?? newId() }), data).then((trouble) => {
      draft.isSending = false;
      if (trouble === undefined) this.drafts.delete(place);
      else draft.trouble = trouble;
      this.places.say(trouble ?? 'Sent.');
    });
  }

  resolve(thread: Thread, resolved: boolean): void {
    const key = commentKey({ kind: thread.kind, key: thread.key, id: newId() });
    void this.put(key, { parent: thread.id, resolved }).then((trouble) =>
      this.places.say(trouble ?? (resolved ? 'The thread is resolved.' : 'The thread is open again.')));
  }

  remove(comment: Comment): void {
    void this.append({ op_id: newOpId(), verb: 'remove', kind: 'comment', key: commentKey(comment) }).then((trouble) =>
      this.places.say(trouble ?? 'The comment is removed.'));
  }

  /** Puts the cursor into the field that was just opened. */
  focus(root: HTMLElement): void {
    if (this.wanted === undefined) return;
    const field = [...root.querySelectorAll<HTMLTextAreaElement>('textarea[data-draft]')]
      .find((one) => one.dataset.draft === this.wanted);
    if (field) this.wanted = undefined;
    field?.focus();
  }

  private put(key: string, data: CommentData): Promise<string | undefined> {
    return this.append({ op_id: newOpId(), verb: 'put', kind: 'comment', key, data: data as JsonObject });
  }

  /** Tells the trouble, in words. */
  private async append(op: NewOp): Promise<string | undefined> {
    try {
      const code = await this.places.append?.(op);
      return code === undefined ? undefined : troubles[code] ?? 'The server did not take this.';
    } catch (error) {
      const code = error instanceof ShareRpcError ? error.code : '';
      return troubles[code] ?? 'This could not be sent. Try again.';
    }
  }
}
