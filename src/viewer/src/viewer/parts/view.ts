import type { DocumentStore } from '../documents.ts';

/** What the renderers of rows need from the page. */
export interface View {
  store: DocumentStore;
  /** Returns whether a fold is open; `byDefault` until the reader has changed it. */
  isOpen(id: string, byDefault: boolean): boolean;
  toggle(id: string, byDefault: boolean): void;
  /** Renders a Markdown text; nodes of unchanged blocks are reused. */
  markdown(id: string, text: string): Node;
  /** True when diffs have both sides beside each other. */
  isSplit: boolean;
  toggleSplit(): void;
  /** Returns the address of a session of the agent, if a link to it was opened in this tab. */
  sessionAddress(sessionId: string): string | undefined;
  /** Returns the address of a message, without a token. */
  permalink(messageId: string): string;
  copyPermalink(messageId: string, event: Event): void;
}
