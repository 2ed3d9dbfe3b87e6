import { isUndoneRow } from '../session/rows.ts';

/** What the reader has folded and unfolded. */
export class Folds {
  private readonly opened = new Map<string, boolean>();
  /** The last command for everything. */
  private all: boolean | undefined;

  isOpen(id: string, byDefault: boolean): boolean {
    const isForAll = this.all !== undefined && !isUndoneRow(id) && !id.endsWith(':all');
    return this.opened.get(id) ?? (isForAll ? this.all! : byDefault);
  }

  /** Whether the rows behind this are built: those of a subagent, and of what was undone. */
  isBuilt = (id: string): boolean => this.isOpen(id, !isUndoneRow(id));

  set(id: string, isOpen: boolean): void {
    this.opened.set(id, isOpen);
  }

  /** Folds or unfolds everything, but not what was undone and the length of outputs. */
  setAll(isOpen: boolean): void {
    this.all = isOpen;
    for (const id of this.opened.keys()) if (!isUndoneRow(id)) this.opened.delete(id);
  }
}

/** Whether rows come or go with this. */
export function decidesRows(id: string): boolean {
  return isUndoneRow(id) || id.startsWith('s:');
}
