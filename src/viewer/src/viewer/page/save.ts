import { saveBlob } from '../../shared/save.ts';
import type { DocumentStore } from '../documents.ts';
import { jsonSteps, markdownSteps } from '../session/export.ts';
import type { Turn } from '../session/rows.ts';
import { sessionInfo } from '../session/summary.ts';
import { inSlices } from '../text/slices.ts';
import { oneLine } from '../text/visible.ts';

/** Saves a session as a file, after as many frames as making it takes. */
export function saveSession(
  store: DocumentStore, turns: readonly Turn[], shareId: string, format: 'markdown' | 'json',
): void {
  const name = oneLine(sessionInfo(store).title, 200) || 'session';
  const save = (pieces: string[], type: string, end: string) => saveBlob(new Blob(pieces, { type }), `${name}.${end}`);
  if (format === 'json') inSlices(jsonSteps(store, shareId), (pieces) => save(pieces, 'application/json', 'json'));
  else inSlices(markdownSteps(store, turns), (lines) => save([lines.join('\n')], 'text/markdown', 'md'));
}
