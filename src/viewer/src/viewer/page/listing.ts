import type { DocumentStore } from '../documents.ts';
import { changesSteps, type ChangedFile } from '../session/changes.ts';
import { editRowsSteps, fileRows, type ListedRows, type Mode } from '../session/modes.ts';
import type { SessionRows } from '../session/rows.ts';
import type { PageWork } from './page-work.ts';

/** The changed files are looked for again at most every so many milliseconds. */
const pauseMs = 1_000;

/** What the list shows in each mode, made over frames. */
export class Listing {
  mode: Mode = 'all';
  all: SessionRows = { rows: [], turns: [], indexOf: new Map(), subagents: new Map() };
  listed: ListedRows = this.all;
  files: readonly ChangedFile[] = [];
  private lookedAt = -pauseMs;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly store: DocumentStore, private readonly work: PageWork) {}

  setRows(rows: SessionRows): void {
    this.all = rows;
    this.list();
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.list();
  }

  /** Looks for changed files, soon; it takes as many frames as there are parts for. */
  look(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.lookedAt = performance.now();
      this.work.stop('files');
      this.work.start('files', changesSteps(this.store, this.all.rows), (files) => {
        this.files = files;
        if (this.mode === 'files') this.list();
      });
    }, Math.max(0, this.lookedAt + pauseMs - performance.now()));
  }

  /** The message of the user that a listed row belongs to. */
  questionAt(index: number): string | undefined {
    const { rows } = this.listed;
    for (let at = Math.min(index, rows.length - 1); at >= 0; at--) {
      const row = rows[at]!;
      if ('turn' in row && row.turn.user) return row.turn.user.id;
    }
    return undefined;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private list(): void {
    this.work.stop('edits');
    if (this.mode === 'all') this.listed = this.all;
    else if (this.mode === 'files') this.listed = fileRows(this.files);
    else this.work.start('edits', editRowsSteps(this.store, this.all.rows), (listed) => (this.listed = listed));
  }
}
