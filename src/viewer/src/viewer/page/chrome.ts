import { html, nothing, type TemplateResult } from 'lit/html.js';
import { guard } from 'lit/directives/guard.js';
import type { FollowState } from '@sharerpc/client';
import { count, dateTime, duration, money, plural, short } from '../../shared/format.ts';
import { renderHolder } from '../parts/comments.ts';
import { renderCounts } from '../parts/diffs.ts';
import { icon, type IconName } from '../parts/icons.ts';
import { usageText } from '../parts/row.ts';
import { renderTodos } from '../parts/todos.ts';
import { countsOf, type ChangedFile } from '../session/changes.ts';
import type { Holder, Thread } from '../session/comments.ts';
import type { OutlineEntry } from '../session/outline.ts';
import type { SessionInfo, Todo } from '../session/summary.ts';
import type { Totals, TurnTotals } from '../session/totals.ts';
import { oneLine, visible } from '../text/visible.ts';

/** What the page says of itself. `idle`: connected, but the session's writer is not here. */
export type Status = FollowState | 'ended' | 'suspended' | 'idle' | 'saved';

const statusNames: Record<Status, string> = {
  connecting: 'Connecting', catching_up: 'Catching up', live: 'Live', idle: 'Up to date',
  reconnecting: 'Reconnecting', offline: 'Offline', ended: 'Ended', suspended: 'Suspended', saved: 'Saved',
};

export interface TopActions {
  outline(): void;
  search(): void;
  theme(): void;
  help(): void;
}

export function renderTop(
  info: SessionInfo, status: Status, isOutlineOpen: boolean, theme: string, actions: TopActions,
): TemplateResult {
  const title = oneLine(info.title, 500);
  return html`<header class="top">
    ${renderButton('menu', 'Outline', actions.outline, 'outline-button', isOutlineOpen)}
    <h1 dir="auto" title=${title}>${title || 'Shared session'}</h1>
    <span class="usage wide-only">${usageText(info.usage)}</span>
    <span class="status is-${status}" role="status"><span class="dot"
      aria-hidden="true"></span>${statusNames[status]}</span>
    <span class="actions">
      ${renderButton('search', 'Search (/)', actions.search)}
      ${renderButton('theme', `Colours: ${theme} (t)`, actions.theme)}
      ${renderButton('help', 'Keys and help (?)', actions.help)}</span></header>`;
}

export function renderButton(
  name: IconName, label: string, act: () => void, className = '', isPressed?: boolean,
): TemplateResult {
  return html`<button type="button" class="icon-button ${className}" aria-label=${label} title=${label}
    aria-expanded=${isPressed === undefined ? nothing : String(isPressed)} @click=${act}>${icon(name)}</button>`;
}

/** Leads to the end, and says how much came there since the reader saw it. */
export function renderNews(news: number, toEnd: () => void): TemplateResult {
  return html`<button type="button" class="news ${news > 0 ? 'has-news' : ''}" @click=${toEnd}>${icon('down')}
    ${news > 0 ? html`${count(news)} new` : 'To the end'}</button>`;
}

export interface SideContent {
  outline: readonly OutlineEntry[];
  current: string | undefined;
  todos: readonly Todo[];
  files: readonly ChangedFile[];
  info: SessionInfo;
  totals: Totals;
  limits: readonly string[];
  /** Who is here; empty if the link does not tell. */
  present: readonly Omit<Holder, 'id'>[];
  threads: readonly Thread[];
  mayComment: boolean;
  showThread(thread: Thread): void;
  permalink(id: string): string;
  show(id: string, event: Event): void;
  showFile(file: string): void;
  /** Missing where there is no link. */
  copyLink?(event: Event): void;
  exportAs(format: 'markdown' | 'json'): void;
}

export function renderSide(side: SideContent): TemplateResult {
  return html`<div class="side-inner">
    ${renderTotals(side)}
    <nav aria-labelledby="outline-title"><h2 id="outline-title">Outline</h2>
      ${side.outline.length === 0 ? html`<p class="quiet">No messages of the user yet.</p>`
      : html`<ol class="outline">${guard(
        [side.outline, side.totals, side.current], () => renderOutline(side))}</ol>`}</nav>
    ${side.present.length === 0 ? nothing : html`<section aria-labelledby="here-title"><h2 id="here-title">Here now</h2>
      <ul class="here">${side.present.map((holder) => html`<li>${renderHolder(holder, 80)}</li>`)}</ul></section>`}
    ${side.threads.length === 0 ? nothing : renderThreads(side)}
    ${side.todos.length === 0 ? nothing : html`<section aria-labelledby="todo-title"><h2 id="todo-title">To-do list</h2>
      ${renderTodos(side.todos)}</section>`}
    ${side.files.length === 0
      ? nothing : html`<section aria-labelledby="changes-title"><h2 id="changes-title">Changed files</h2>
      <ul class="changes">${side.files.slice(0, 200).map((file) => html`<li><button type="button" class="change"
        dir="ltr"
        title="Show the changes of ${visible(file.file)}" @click=${() =>
          side.showFile(file.file)}><span class="path"><bdi>${
        visible(file.file)}</bdi></span>${renderCounts(countsOf(file))}</button></li>`)}</ul></section>`}
    <section aria-labelledby="about-title"><h2 id="about-title">${side.copyLink ? 'This link' : 'This file'}</h2>
      <p class="quiet">${count(side.info.messages)} messages, ${count(side.info.parts)}
        parts. ${side.limits.join(' ')}</p>
      ${side.copyLink ? html`<div class="exports"><button type="button" class="button copy-link"
        @click=${side.copyLink}>Copy link</button></div>
      <p class="quiet">The copied link holds its key: whoever has it can read this session${
        side.mayComment ? ' and comment on it' : ''}.</p>` : nothing}
      <div class="exports"><button type="button" class="button" @click=${() =>
        side.exportAs('markdown')}>Save as Markdown</button>
        <button type="button" class="button" @click=${() =>
          side.exportAs('json')}>Save as JSON</button></div></section></div>`;
}

/** The threads that wait, then those that are resolved. */
function renderThreads({ threads, showThread }: SideContent): TemplateResult {
  const open = threads.filter(({ isResolved }) => !isResolved);
  const shown = [...open, ...threads.filter(({ isResolved }) => isResolved)].slice(0, 200);
  return html`<section aria-labelledby="talk-title"><h2 id="talk-title">Comments</h2>
    <p class="quiet">${plural(open.length, 'open thread')}, ${count(threads.length - open.length)} resolved.</p>
    <ul class="changes">${shown.map((thread) => html`<li><button type="button"
      class="change ${thread.isResolved ? 'quiet' : ''}" @click=${() => showThread(thread)}><span class="talk-said"
      dir="auto">${renderHolder(thread.comments[0]!.author, 40)}
      ${oneLine(thread.comments[0]!.text, 80)}</span><span class="counts">${thread.comments.length}</span></button>
      </li>`)}</ul></section>`;
}

function renderOutline(side: SideContent): TemplateResult[] {
  const turns = new Map(side.totals.turns.map((turn) => [turn.id, turn]));
  return side.outline.map((entry) => html`<li><a href=${side.permalink(entry.id)}
    aria-current=${entry.id === side.current ? 'true' : nothing}
    @click=${(event: Event) => side.show(entry.id, event)}><span class="outline-text" dir="auto">${entry.title}</span>
    <span class="outline-note">${sayTurn(turns.get(entry.id))}</span></a></li>`);
}

/** Sums up the session. */
function renderTotals({ totals, info, files }: SideContent): TemplateResult | typeof nothing {
  const { usage } = totals;
  const changed = files.map(countsOf);
  const sum = (name: 'additions' | 'deletions') => changed.reduce((total, one) => total + one[name], 0);
  const figures: [string, unknown][] = [];
  if (totals.worked > 0) figures.push(['Time worked', duration(totals.worked)]);
  if (usage.input + usage.cached > 0) {
    const cached = usage.cached > 0 ? html` <span class="quiet">(${short(usage.cached)} cached)</span>` : nothing;
    figures.push(['Tokens in', html`${short(usage.input + usage.cached)}${cached}`]);
    figures.push(['Tokens out', short(usage.output)]);
  }
  if (info.usage.cost > 0) figures.push(['Cost', money(info.usage.cost)]);
  if (files.length > 0) {
    figures.push(['Files changed', html`${count(files.length)} ${
      renderCounts({ additions: sum('additions'), deletions: sum('deletions') })}`]);
  }
  if (figures.length === 0) return nothing;
  return html`<section aria-labelledby="totals-title"><h2 id="totals-title">In all</h2>
    <dl class="totals">${figures.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

/** "2 min 5 s, $0.12, 3 files". */
function sayTurn(turn: TurnTotals | undefined): string {
  if (!turn) return '';
  return [turn.worked > 0 ? duration(turn.worked) : '', turn.usage.cost > 0 ? money(turn.usage.cost) : '',
    turn.files > 0 ? plural(turn.files, 'file') : ''].filter((word) => word !== '').join(', ');
}

export function limitsOf(caveats: unknown, noSocket?: string): string[] {
  const { expires_at_ms: expires, kept_until_ms: kept, redact, readable } = (caveats ??
    {}) as { expires_at_ms?: number; kept_until_ms?: number; redact?: string[]; readable?: object };
  const limits: string[] = [];
  if (Array.isArray(redact) && redact.length > 0) limits.push(`Not shown: ${redact.map(hiddenName).join(', ')}.`);
  if (readable) limits.push(`Shown: ${Object.keys(readable).join(', ')}.`);
  if (typeof expires === 'number') limits.push(`Good until ${dateTime(expires)}.`);
  if (typeof kept === 'number') limits.push(`Kept until ${dateTime(kept)}, longer when the session goes on.`);
  if (noSocket !== undefined) limits.push(`News come by plain requests. ${noSocket}`);
  return limits;
}

function hiddenName(name: string): string {
  return { tools: 'what tools were given and answered', reasoning: 'reasoning', files: 'files and tools' }[name] ??
    name;
}
