import { ShareRpcError } from './errors.js';
import { ResumingShare, type FollowOptions } from './resuming.js';
import type { Op, OpPage } from './wire.js';

/**
 * Yields the log's pages, then new ones, gapless, across reconnections, until an ended share is read. After a page with
 * `gap` it continues behind the compacted data. Throws a final `ShareRpcError`.
 */
export async function* follow(server: string, options: FollowOptions): AsyncGenerator<OpPage, void, void> {
  const share = new ResumingShare(server, options);
  try {
    let after = options.after ?? 0;
    for (;;) {
      const page = await share.read(after);
      checkOrder(page, after);
      after = page.gap ?? page.cursor;
      if (page.ops.length > 0 || page.gap !== undefined) yield ofKinds(page, options.kinds);
      if (page.ended && after >= page.head) return;
    }
  } finally {
    share.close();
  }
}

const VERBS = ['put', 'remove', 'append'];

/** Throws when cursors of a page have a gap (READ-1), or for a verb of a later version (VER-2). */
export function checkOrder(page: OpPage, after: number): void {
  let cursor = after;
  for (const op of page.ops) {
    if (op.cursor !== ++cursor) throw new Error(`The server skipped from cursor ${cursor - 1} to ${op.cursor}.`);
    if (!op.hidden && op.verb !== undefined && !VERBS.includes(op.verb))
      throw new ShareRpcError({ code: 'unknown_verb', transient: false, action: 'stop',
        hint: 'This share needs a newer version of the page or program.' });
  }
}

export function ofKinds(page: OpPage, kinds: string[] | undefined): OpPage {
  return kinds ? { ...page, ops: page.ops.filter((op) => isOf(op, kinds)) } : page;
}

function isOf(op: Op, kinds: string[]): boolean {
  return !op.hidden && kinds.includes(op.kind);
}
