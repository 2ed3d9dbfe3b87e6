import { writeToClipboard } from '../parts/markdown-cache.ts';

const saidMs = 4000;

/** A link with its key. `isLimited`: it is counted or has a passphrase. */
export interface WholeLink {
  address: string;
  isLimited: boolean;
}

/** Copies texts, and links with their keys, and says so: beside the button and to screen readers. */
export class Copying {
  said = '';

  constructor(private readonly changed: () => void) {}

  link(link: WholeLink | undefined, event: Event): void {
    const said = link?.isLimited
      ? 'Link copied, with its key. Others need one of its uses, or its passphrase, too.'
      : 'Link copied, with its key: whoever has it can read this session.';
    void this.copy(event, link?.address ?? window.location.href, 'Copied, with its key', said);
  }

  /** `what`, in words: "diff", "message". */
  text(event: Event, what: string, text: string): void {
    void this.copy(event, text, 'Copied', `The ${what} is copied.`);
  }

  /** Says something to screen readers, and to others at the end of the page. */
  readonly say = (text: string): void => {
    this.said = text;
    this.changed();
    setTimeout(() => {
      if (this.said === text) this.said = '';
      this.changed();
    }, saidMs);
  };

  private async copy(event: Event, text: string, beside: string, said: string): Promise<void> {
    event.preventDefault();
    const button = event.currentTarget as HTMLElement;
    const isCopied = await writeToClipboard(text);
    button.dataset.said = isCopied ? beside : 'Cannot copy';
    this.said = isCopied ? said : 'The browser does not allow to copy.';
    this.changed();
    setTimeout(() => {
      delete button.dataset.said;
      this.said = '';
      this.changed();
    }, saidMs);
  }
}
