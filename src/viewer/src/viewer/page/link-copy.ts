import { writeToClipboard } from '../parts/markdown-cache.ts';

const saidMs = 4000;

/** A link with its key. `isLimited`: it is counted or has a passphrase. */
export interface WholeLink {
  address: string;
  isLimited: boolean;
}

/** Copies links with their keys and says so, beside the button and to screen readers. */
export class LinkCopy {
  said = '';

  constructor(private readonly changed: () => void) {}

  async copy(link: WholeLink | undefined, event: Event): Promise<void> {
    event.preventDefault();
    const button = event.currentTarget as HTMLElement;
    const isCopied = await writeToClipboard(link?.address ?? window.location.href);
    button.dataset.said = isCopied ? 'Copied, with its key' : 'Cannot copy';
    this.said = !isCopied ? 'The browser does not allow to copy.'
      : link?.isLimited ? 'Link copied, with its key. Others need one of its uses, or its passphrase, too.'
      : 'Link copied, with its key: whoever has it can read this session.';
    this.changed();
    setTimeout(() => {
      delete button.dataset.said;
      this.said = '';
      this.changed();
    }, saidMs);
  }
}
