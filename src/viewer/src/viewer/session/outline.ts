import type { DocumentStore } from '../documents.ts';
import { asShown } from '../text/terminal.ts';
import { oneLine } from '../text/visible.ts';
import { fields, text } from './fields.ts';
import type { Message, Turn } from './rows.ts';

export interface OutlineEntry {
  id: string;
  title: string;
}

export function outlineOf(store: DocumentStore, turns: readonly Turn[]): OutlineEntry[] {
  return turns.flatMap((turn) => (turn.user ? [{ id: turn.user.id, title: titleOf(store, turn.user) }] : []));
}

export function titleOf(store: DocumentStore, message: Message): string {
  let instead = '';
  for (const id of message.parts) {
    const data = fields(store.get('part', id)?.data);
    const type = text(data, 'type');
    if (type === 'text' && data.synthetic !== true) {
      const line = oneLine(firstLine(text(data, 'text')), 120);
      if (line !== '') return line;
    }
    instead ||= type === 'text' ? oneLine(firstLine(text(data, 'text')), 120) : '';
    instead ||= type === 'file' ? oneLine(text(data, 'filename') || 'Attachment', 120) : '';
    instead ||= type === 'compaction' ? 'Session summarised' : '';
    instead ||= type === 'plan' ? oneLine(firstLine(text(data, 'text')), 120) || 'Plan' : '';
    instead ||= type === 'subtask' ? oneLine(text(data, 'description') || 'Subtask', 120) : '';
  }
  return instead || (message.parts.length === 0 ? 'Message without text' : 'Message');
}

function firstLine(value: string): string {
  return asShown(value.slice(0, 4000)).trimStart().split('\n', 1)[0] ?? '';
}
