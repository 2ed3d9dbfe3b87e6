import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { Preferences } from './preferences.ts';
import { keys } from './keys.ts';

/** The dialog with the keys. */
export class Help {
  private isOpen = false;

  constructor(
    private readonly root: HTMLElement, private readonly preferences: Preferences, private readonly draw: () => void,
  ) {}

  open(): void {
    this.isOpen = true;
    this.draw();
    const dialog = this.root.querySelector('dialog');
    if (!dialog?.open) dialog?.showModal();
  }

  render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    return renderHelp(this.preferences.areKeysOff, (areOff) => (this.preferences.areKeysOff = areOff), () => {
      this.isOpen = false;
      this.draw();
    });
  }
}

function renderHelp(
  areKeysOff: boolean, setKeysOff: (areOff: boolean) => void, close: () => void,
): TemplateResult {
  return html`<dialog class="help" aria-labelledby="help-title" @close=${close}
    @click=${(event: Event) => { if (event.target === event.currentTarget) (event.currentTarget as HTMLDialogElement)
      .close(); }}>
    <div class="help-body"><div class="help-head"><h2 id="help-title">Keys</h2>
      <button type="button" class="quiet-button"
        @click=${(event: Event) => (event.currentTarget as HTMLElement).closest('dialog')!.close()}>Close</button></div>
    <dl class="keys">${keys.map((entry) => html`<dt>${entry.keys.map((key) =>
      html`<kbd>${key}</kbd> `)}</dt><dd>${entry.does}</dd>`)}</dl>
    <label class="check"><input type="checkbox" .checked=${!areKeysOff}
      @change=${(event: Event) => setKeysOff(!(event.target as HTMLInputElement).checked)}
        /> Single keys do this</label>
    <p class="quiet">Everything can be reached by Tab and Enter too. This page asks no other site for anything. The
      link's
      token is kept for the tabs that show it and is not in the address, so the address may be copied without
      giving access. “Copy link” and “Copy link to here” copy it with the key, for whoever may read the
      session. What
      brings you back to a link with a passphrase or a limited number of uses is kept in this browser until it
        ends.</p></div></dialog>`;
}
