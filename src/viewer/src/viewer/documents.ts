import { foldOp, type Doc, type Op } from '@sharerpc/client';
import { fields, has, text } from './session/fields.ts';

export type { Doc };

export interface Changes {
  /** Rows, turns and outline need a rebuild. */
  structure: boolean;
  kinds: Set<string>;
}

export class DocumentStore {
  private readonly kinds = new Map<string, Map<string, Doc>>();
  private readonly gone = new Map<string, number>();
  private changes: Changes = { structure: false, kinds: new Set() };

  hiddenOps = 0;

  /** The documents include the log up to here. */
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

  /** Ignores older documents. */
  putDocs(docs: readonly Doc[], cursor: number): void {
    for (const doc of docs) {
      const known = this.get(doc.kind, doc.key);
      if (known && known.cursor >= doc.cursor) continue;
      if ((this.gone.get(`${doc.kind} ${doc.key}`) ?? -1) >= doc.cursor) continue;
      this.set(doc);
    }
    this.cursor = Math.max(this.cursor, cursor);
  }

  /** Skips ops already included. */
  applyOps(ops: readonly Op[], cursor: number): void {
    for (const op of ops) this.apply(op);
    this.cursor = Math.max(this.cursor, cursor);
  }

  /** Removes documents up to a cursor that the state after a gap does not list. */
  keepOnly(listed: ReadonlySet<string>, upTo: number): void {
    for (const [kind, documents] of this.kinds) {
      for (const doc of documents.values()) {
        if (doc.cursor <= upTo && !listed.has(`${kind} ${doc.key}`)) this.delete(kind, doc.key, doc.cursor);
      }
    }
  }

  clear(): void {
    this.kinds.clear();
    this.gone.clear();
    this.cursor = 0;
    this.changes.structure = true;
  }

  takeChanges(): Changes {
    const taken = this.changes;
    this.changes = { structure: false, kinds: new Set() };
    return taken;
  }

  private apply(op: Op): void {
    if (op.hidden || op.op_id === undefined) this.hiddenOps++;
    if (op.hidden) return;
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
    const undoes = doc.kind === 'session' && (has(doc.data, 'revert') || has(known?.data, 'revert'));
    if (!known || doc.kind === 'message' || undoes || (doc.kind === 'part' && this.movesRows(known, doc))) {
      this.changes.structure = true;
    }
  }

  private delete(kind: string, key: string, cursor: number): void {
    this.gone.set(`${kind} ${key}`, cursor);
    this.changes.kinds.add(kind);
    if (this.kinds.get(kind)?.delete(key)) this.changes.structure = true;
  }

  /** These members decide a part's rows; in user messages all count. */
  private movesRows(before: Doc, after: Doc): boolean {
    const member = ({ data }: Doc, name: string) => fields(data)[name];
    const deciding = ['messageID', 'type', 'tool', 'synthetic', 'undone'];
    if (deciding.some((name) => member(before, name) !== member(after, name))) return true;
    return text(this.get('message', text(after.data, 'messageID'))?.data, 'role') === 'user';
  }
}
