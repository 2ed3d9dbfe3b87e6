import type { DocumentStore } from '../documents.ts';
import type { Steps } from '../text/slices.ts';

export interface View {
  store: DocumentStore;
  /** `byDefault` until the reader changes it. */
  isOpen(id: string, byDefault: boolean): boolean;
  toggle(id: string, byDefault: boolean): void;
  /** Reuses nodes of unchanged blocks. */
  markdown(id: string, text: string): Node;
  isSplit: boolean;
  toggleSplit(): void;
  /** Does work over frames, and draws again when it is done. Once at a time for an id. */
  later(id: string, steps: Steps<unknown>): void;
  /** Undefined unless its link was opened in this tab. */
  sessionAddress(sessionId: string): string | undefined;
  /** Without a token. */
  permalink(messageId: string): string;
  /** Copies the link, or a link to a message, with its key. */
  copyLink(event: Event, messageId?: string): void;
}
