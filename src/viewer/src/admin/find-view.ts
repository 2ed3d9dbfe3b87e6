import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ShareSearchPage } from '@sharerpc/client';
import { plural } from '../shared/format.ts';
import { sayTrouble } from './trouble.ts';

type Hits = ShareSearchPage['shares'];

/** What is searched for in all sessions, and what was found. */
export class Finding {
  query = '';
  shares: Hits | undefined;
  next: number | undefined;
  trouble = '';
  isBusy = false;
  #asked = 0;

  constructor(
    private readonly ask: (query: string, after: number | undefined) => Promise<ShareSearchPage>,
    private readonly changed: () => void,
  ) {}

  /** Asks for the first page, or with `isMore` for the next one. Drops outdated answers. */
  async run(isMore = false): Promise<void> {
    const mine = ++this.#asked;
    const before = isMore ? (this.shares ?? []) : [];
    [this.trouble, this.isBusy] = ['', true];
    this.changed();
    try {
      const page = await this.ask(this.query, isMore ? this.next : undefined);
      if (mine !== this.#asked) return;
      [this.shares, this.next] = [[...before, ...page.shares], page.next];
    } catch (error) {
      if (mine !== this.#asked) return;
      this.trouble = sayTrouble(error);
    }
    this.isBusy = false;
    this.changed();
  }
}

/** The place of a hit in the page of its session, without a token. */
export function addressOf(server: string, { share_id, hit }: Hits[number]): string {
  const message = hit.kind === 'message' ? hit.key : (hit.message ?? '');
  return `${server}/s/${share_id}${message && `#m-${encodeURIComponent(message)}`}`;
}

export function renderFind(finding: Finding, server: string): TemplateResult {
  const { shares, next, isBusy, trouble } = finding;
  const submit = (event: Event) => {
    event.preventDefault();
    finding.query = (event.target as HTMLFormElement).querySelector('input')!.value;
    if (finding.query.trim() !== '') void finding.run();
  };
  return html`<h1>Find</h1>
    <form class="filters" role="search" @submit=${submit}>
      <label>Words <input class="field" type="search" maxlength="256" .value=${finding.query} /></label>
      <button class="button" type="submit" ?disabled=${isBusy}>Find</button>
    </form>
    <p class="quiet">Sessions in which one message or tool call has all of these words, newest first. The audit trail
      shows that you searched, not for what. A place opens in a browser that has a link to its session open: the page
      of the share makes one.</p>
    ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
    <p class="quiet" role="status">${isBusy ? 'Searching…' : shares ? plural(shares.length, 'session') : ''}</p>
    <ul class="found">${(shares ?? []).map((share) => html`<li class="card">
      <a href="#share/${share.share_id}" dir="auto">${share.label || share.share_id}</a>
      <p dir="auto">${share.hit.snippet}</p>
      <a class="quiet" href=${addressOf(server, share)} target="_blank" rel="noreferrer">Open the place</a></li>`)}</ul>
    ${next !== undefined && !isBusy
      ? html`<button class="button" type="button" @click=${() => void finding.run(true)}>More</button>` : nothing}`;
}
