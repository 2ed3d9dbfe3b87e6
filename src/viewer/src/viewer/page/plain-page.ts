import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { Outcome } from './outcomes.ts';

export function renderOutcome(outcome: Outcome, openLink: (text: string) => boolean): TemplateResult {
  return html`<main class="plain" aria-live="polite"><div class="plain-box">
    <p class="brand">ShareRpc</p><h1>${outcome.title}</h1><p>${outcome.text}</p>
    ${outcome.isWaiting ? html`<p class="foot is-working"><span class="dots"
      aria-hidden="true"></span>Trying again…</p>` : nothing}
    ${outcome.asksForLink ? renderLinkField(openLink) : nothing}</div></main>`;
}

export function renderOpening(isSlow: boolean, noSocket: string | undefined): TemplateResult {
  return html`<main class="plain" aria-busy="true"><div class="plain-box is-opening"><h1
    class="quiet">Opening the session…</h1>
    ${isSlow ? html`<p>The server has not answered yet. This page goes on trying.</p>${
      noSocket === undefined ? nothing : html`<p>${noSocket}</p>`}` : nothing}</div></main>`;
}

const passphraseHints = {
  first: '', wrong: 'That was not it. Try again.',
    ended: 'Your access was taken back or its time is over. Type it again to go on.',
};

/** The passphrase stays in memory until the link is open. */
export function renderPassphrase(why: keyof typeof passphraseHints, submit: (passphrase: string) =>
  void): TemplateResult {
  return html`<main class="plain"><div class="plain-box"><p
    class="brand">ShareRpc</p><h1>This link asks for a passphrase</h1>
    <p>Whoever sent it to you knows it.</p>
    <form @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      const field = (event.currentTarget as HTMLFormElement).querySelector('input')!;
      if (field.value !== '') submit(field.value);
      field.value = '';
    }}>
      <label for="passphrase">Passphrase</label>
      <div class="field-row"><input id="passphrase" class="field" type="password" autocomplete="off" autofocus required
        maxlength="1024" aria-describedby="passphrase-hint" aria-invalid=${why === 'wrong'} /><button
        class="button is-primary" type="submit">Open</button></div>
      <p id="passphrase-hint" class="hint" role="status">${passphraseHints[why]}</p>
    </form></div></main>`;
}

function renderLinkField(openLink: (text: string) => boolean): TemplateResult {
  return html`<form @submit=${(event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const field = form.querySelector('input')!;
    const isOpened = openLink(field.value);
    form.querySelector('.hint')!.textContent = isOpened ? '' : 'This is no link to a session of this server.';
    field.setAttribute('aria-invalid', String(!isOpened));
  }}>
    <label for="link">Link</label>
    <div class="field-row"><input id="link" class="field" type="text" autocomplete="off" spellcheck="false" required
      aria-describedby="link-hint" /><button class="button is-primary" type="submit">Open</button></div>
    <p id="link-hint" class="hint" role="status"></p></form>`;
}
