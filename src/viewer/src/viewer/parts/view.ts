import type { DocumentStore } from '../documents.ts';

/** What the renderers of rows need to know of the page. */
export interface View {
  store: DocumentStore;
  /** Whether something folded is open; `byDefault` until the reader has said otherwise. */
  isOpen(id: string, byDefault: boolean): boolean;
  toggle(id: string, byDefault: boolean): void;
  /** A grown Markdown text as nodes, of which only those that changed are new. */
  markdown(id: string, text: string): Node;
  /** Diffs with both sides beside each other, if there is room. */
  isSplit: boolean;
  toggleSplit(): void;
  /** The address of a session of the agent, if a link to it was opened in this tab. */
  sessionAddress(sessionId: string): string | undefined;
  /** The address of a message: without a token. */
  permalink(messageId: string): string;
  copyPermalink(messageId: string, event: Event): void;
}
