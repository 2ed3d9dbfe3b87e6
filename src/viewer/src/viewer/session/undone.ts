import type { DocumentStore } from '../documents.ts';
import { fields, text } from './fields.ts';

/** Tells what the user took back. */
export interface Undone {
  message(id: string, data: unknown): boolean;
  part(id: string, data: unknown): boolean;
}

/**
 * Goes by the mark of each document, and for shares that opencode writes itself by the session's `revert`: from a
 * message, or a part of one, to the end. Its ids rise with time.
 */
export function undoneOf(store: DocumentStore): Undone {
  const [session] = store.all('session');
  const fromMessage = text(session?.data, 'revert', 'messageID');
  const fromPart = text(session?.data, 'revert', 'partID');
  const isAfter = (id: string) => fromMessage !== '' && (id > fromMessage || (id === fromMessage && fromPart === ''));
  return {
    message: (id, data) => fields(data).undone === true || isAfter(id),
    part: (id, data) => {
      const message = text(data, 'messageID');
      const isOfFirst = message === fromMessage && fromPart !== '' && id >= fromPart;
      return fields(data).undone === true || isAfter(message) || isOfFirst;
    },
  };
}
