import { foldOp, type Doc, type Op } from '@sharerpc/client';
import { fields, text } from './session/fields.ts';

export type { Doc };

/** What changed since somebody last asked. */
export interface Changes {
  /** What rows, turns and outline are made of has changed: they have to be made anew. */
  structure: boolean;
  /** Kinds of which at least one document changed. */
  kinds: Set<string>;
}

/** The documents of one share, as far as this link shows them: state first, then changes. No op is kept. */
export class DocumentStore {
  private readonly kinds = new Map<string, Map<string, Doc>>();
  private readonly gone = new Map<string, number>();
  private changes: Changes = { structure: false, kinds: new Set() };

  /** Ops of which this link is shown nothing at all. */
  hiddenOps = 0;

  /** Everything up to here is in the documents. */
  cursor = 0;

  get(kind: string, key: string): Doc | undefined {
    return this.kinds.get(kind)?.get(key);
  }

  all(kind: string): Iterable<Doc> {
    return this.kinds.get(kind)?.values() ?? [];
  }

  count(kind: string): number {
    return this.kinds.get(kind)?.size ?? 0;
  }

  get isEmpty(): boolean {
    for (const documents of this.kinds.values()) if (documents.size > 0) return false;
    return true;
  }

  /** A page of the state. Older than what is here already, it changes nothing: pages may come again after a gap. */
  putDocs(docs: readonly Doc[], cursor: number): void {
    for (const doc of docs) {
      const known = this.get(doc.kind, doc.key);
      if (known && known.cursor >= doc.cursor) continue;
      if ((this.gone.get(`${doc.kind} ${doc.key}`) ?? -1) >= doc.cursor) continue;
      this.set(doc);
    }
    this.cursor = Math.max(this.cursor, cursor);
  }

  /** Ops in the order of their cursors; one that a document already has in it is left out. */
  applyOps(ops: readonly Op[], cursor: number): void {
    for (const op of ops) this.apply(op);
    this.cursor = Math.max(this.cursor, cursor);
  }

  /** After a gap the state is read anew, and what it does not list any more is gone. */
  keepOnly(listed: ReadonlySet<string>, upTo: number): void {
    for (const [kind, documents] of this.kinds) {
      for (const doc of documents.values()) {
        if (doc.cursor <= upTo && !listed.has(`${kind} ${doc.key}`)) this.delete(kind, doc.key, doc.cursor);
      }
    }
  }

  /** Nothing of the content stays: the link is dead. */
  clear(): void {
    this.kinds.clear();
    this.gone.clear();
    this.changes.structure = true;
  }

  takeChanges(): Changes {
    const taken = this.changes;
    this.changes = { structure: false, kinds: new Set() };
    return taken;
  }

  private apply(op: Op): void {
    if (op.hidden) {
      this.hiddenOps++;
      return;
    }
    const known = this.get(op.kind, op.key);
    if (op.cursor <= (known?.cursor ?? this.gone.get(`${op.kind} ${op.key}`) ?? 0)) return;
    const doc = foldOp(known, op);
    if (doc === undefined) this.delete(op.kind, op.key, op.cursor);
    else if (doc !== known) this.set(doc);
  }

  private set(doc: Doc): void {
    let documents = this.kinds.get(doc.kind);
    if (!documents) this.kinds.set(doc.kind, (documents = new Map()));
    const known = documents.get(doc.key);
    documents.set(doc.key, doc);
    this.gone.delete(`${doc.kind} ${doc.key}`);
    this.changes.kinds.add(doc.kind);
    if (!known || doc.kind === 'message' || (doc.kind === 'part' && this.movesRows(known, doc))) {
      this.changes.structure = true;
    }
  }

  private delete(kind: string, key: string, cursor: number): void {
    this.gone.set(`${kind} ${key}`, cursor);
    this.changes.kinds.add(kind);
    if (this.kinds.get(kind)?.delete(key)) this.changes.structure = true;
  }

  /** A part decides by these members which rows there are; by all of them, in a user's message, how its outline reads. */
  private movesRows(before: Doc, after: Doc): boolean {
    const member = ({ data }: Doc, name: string) => fields(data)[name];
    if (['messageID', 'type', 'tool', 'synthetic'].some((name) => member(before, name) !== member(after, name))) return true;
    return text(this.get('message', text(after.data, 'messageID'))?.data, 'role') === 'user';
  }
}
