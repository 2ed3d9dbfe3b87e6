import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { AdminApp } from './app.ts';

export interface SignInState {
  trouble: string;
  isBusy: boolean;
  asksForPassphrase: boolean;
}

/** The token stays in memory until sign-out. */
export function renderSignIn(app: AdminApp): TemplateResult {
  const { trouble, isBusy, asksForPassphrase } = app.signInState;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const passphrase = String(fields.get('passphrase') ?? '');
    void app.signIn(String(fields.get('token')), passphrase || undefined);
  };
  return html`<main class="sign-in"><form class="card" @submit=${submit}>
    <h1>Shares of this server</h1>
    <label for="token">Token or link</label>
    <input id="token" name="token" class="field" type="password" autocomplete="off" spellcheck="false" required
      autofocus
      aria-describedby="token-hint token-trouble" />
    <p id="token-hint" class="quiet">The root token (<code>root.token</code> in the data directory), a creator’s token,
      or the link of a
      share’s owner. It is kept in this tab’s memory only.</p>
    ${
      asksForPassphrase
        ? html`<label for="passphrase">Passphrase</label>
      <input id="passphrase" name="passphrase" class="field" type="password" autocomplete="off" maxlength="1024" />`
        : nothing
    }
    <p id="token-trouble" class="trouble" role="alert">${trouble}</p>
    <button class="button is-primary" ?disabled=${isBusy}>${isBusy ? 'Signing in…' : 'Sign in'}</button>
  </form></main>`;
}
