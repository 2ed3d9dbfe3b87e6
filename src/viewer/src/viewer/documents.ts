/** A document as the server lists it, and what is kept of it here. */
export interface Doc {
  kind: string;
  key: string;
  /** The last op in it: an op is applied only if its cursor is larger (STATE-3). */
  cursor: number;
  data: unknown;
  /** Some of the data is not shown to this link. */
  redacted?: boolean;
}

/** An op of a page; of a hidden one there is the cursor and nothing else (REDACT-3). */
export interface PageOp {
  cursor: number;
  hidden?: boolean;
  redacted?: boolean;
  verb?: string;
  kind?: string;
  key?: string;
  data?: unknown;
}

/** What changed since somebody last asked. */
export interface Changes {
  /** A document came or went, or one that orders others changed: the rows have to be made anew. */
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
  applyOps(ops: readonly PageOp[], cursor: number): void {
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

  private apply(op: PageOp): void {
    if (op.hidden || op.kind === undefined || op.key === undefined) {
      this.hiddenOps++;
      return;
    }
    const known = this.get(op.kind, op.key);
    const name = `${op.kind} ${op.key}`;
    if (op.cursor <= (known?.cursor ?? this.gone.get(name) ?? 0)) return;
    if (op.verb === 'remove') {
      this.delete(op.kind, op.key, op.cursor);
      return;
    }
    const data = op.verb === 'append' ? appended(known?.data, op.data) : op.data;
    const redacted = op.redacted || (op.verb === 'append' && known?.redacted);
    this.set({ kind: op.kind, key: op.key, cursor: op.cursor, data, ...(redacted ? { redacted: true } : {}) });
  }

  private set(doc: Doc): void {
    let documents = this.kinds.get(doc.kind);
    if (!documents) this.kinds.set(doc.kind, (documents = new Map()));
    const known = documents.get(doc.key);
    documents.set(doc.key, doc);
    this.gone.delete(`${doc.kind} ${doc.key}`);
    this.changes.kinds.add(doc.kind);
    if (!known || orderOf(known) !== orderOf(doc)) this.changes.structure = true;
  }

  private delete(kind: string, key: string, cursor: number): void {
    this.gone.set(`${kind} ${key}`, cursor);
    this.changes.kinds.add(kind);
    if (this.kinds.get(kind)?.delete(key)) this.changes.structure = true;
  }
}

/** FOLD-2 to FOLD-4: joined as strings, so that halves of a surrogate pair in two ops make one character. */
function appended(current: unknown, addition: unknown): unknown {
  const { field, text } = addition as { field?: unknown; text?: unknown };
  if (typeof field !== 'string' || typeof text !== 'string') return current;
  if (typeof current !== 'object' || current === null || Array.isArray(current)) return { [field]: text };
  const before = (current as Record<string, unknown>)[field];
  return { ...current, [field]: typeof before === 'string' ? before + text : text };
}

/** What decides where a document stands among the rows, and whether it has one at all. */
function orderOf(doc: Doc): string {
  const data = (doc.data ?? {}) as Record<string, unknown>;
  if (doc.kind === 'part') return `${String(data.messageID)} ${String(data.type)} ${Boolean(data.synthetic)}`;
  if (doc.kind !== 'message') return '';
  const time = data.time as { created?: unknown } | undefined;
  return `${String(data.role)} ${String(time?.created)} ${String(data.agent)} ${String(data.modelID)} ${Boolean(data.error)}`;
}
