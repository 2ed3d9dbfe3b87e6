import { html, nothing, type TemplateResult } from 'lit/html.js';
import { ago, dateTime, day, duration, isoTime, money, plural, short } from '../../shared/format.ts';
import { fields, number, text } from '../session/fields.ts';
import { countsOf, diffsOf, type ChangedFile } from '../session/changes.ts';
import { sayUndone, type Message, type Row, type Turn, type UndoneRun } from '../session/rows.ts';
import {
  compareSteps, isProvisional, isReady, sessionInfo, turnDiffs, turnDuration, turnState, usageOf, type TurnState,
  type Usage,
} from '../session/summary.ts';
import { oneLine, visible, visibleOutput } from '../text/visible.ts';
import { renderAddComment, renderComments, type DiffSource } from './comments.ts';
import { renderCopy } from './copy.ts';
import { renderCounts, renderDiffs } from './diffs.ts';
import { icon } from './icons.ts';
import { renderPart } from './part.ts';
import { renderTime } from './times.ts';
import type { View } from './view.ts';

/** A file's row links to so many of its edits. */
const maxEditLinks = 20;
/** A message of the user shows so many parts. */
const maxUserParts = 100;

/** `saved`: a file, in which nothing goes on. */
export type EndNote = 'none' | 'ended' | 'saved';

export function renderRow(view: View, row: Row, end: EndNote): TemplateResult {
  try {
    return rowOf(view, row, end);
  } catch (error) {
    console.warn('A part of the session could not be shown.', error);
    return html`<p class="not-shown">This part of the session cannot be shown.</p>`;
  }
}

function rowOf(view: View, row: Row, end: EndNote): TemplateResult {
  switch (row.type) {
    case 'session': return renderSession(view);
    case 'user': return renderUser(view, row.turn, row.index);
    case 'answer': return renderAnswerHead(view, row.message);
    case 'day': return html`<p class="note rule"><time datetime=${isoTime(row.time)}>${day(row.time)}</time>${
      view.isRelative ? ` · ${ago(row.time, Date.now())}` : nothing}</p>`;
    case 'file': return renderChangedFile(view, row.id, row.file);
    case 'part': {
      const state = stateOf(view, row.turn, end);
      // A call may outlast the newest answer.
      const isOver = state !== 'streaming' && !(state === 'completed' && row.turn.isNewest && end === 'none');
      return html`${renderPart(view, row.id, view.store.get('part', row.part), isOver)}${
        renderAddComment(view, 'part', row.part, 'part', 'is-beside')}${renderComments(view, 'part', row.part)}`;
    }
    case 'error': return renderError(row.message.doc.data);
    case 'foot': return renderFoot(view, row.turn, end);
    case 'undone': return renderUndone(view, row.id, row.run);
    case 'end': return renderEnd(view, end);
  }
}

/** In pixels. */
export function estimateRow(view: View, row: Row): number {
  if (row.type === 'file') return 90 + 20 * Math.min(40, countsOf(row.file).additions + countsOf(row.file).deletions);
  if (row.type !== 'part') return row.type === 'user' ? 120 : row.type === 'session' ? 110 : 44;
  const data = view.store.get('part', row.part)?.data;
  const type = text(data, 'type');
  if (type === 'text') return 24 + 26 * Math.min(400, Math.ceil(text(data, 'text').length / 90));
  return type === 'tool' ? 180 : 44;
}

function renderSession(view: View): TemplateResult {
  const info = sessionInfo(view.store);
  const facts = [info.model, info.agent && `agent ${info.agent}`, info.created
    ? dateTime(info.created) : ''].filter((fact) => fact);
  const parent = info.parentId ? view.sessionAddress(info.parentId) : undefined;
  return html`<header class="session-head">
    ${info.directory ? html`<p class="directory" dir="ltr">${oneLine(info.directory, 500)}</p>` : nothing}
    <p class="facts">${facts.map((fact, at) => html`${at > 0 ? ' · ' : ''}<span>${oneLine(fact, 200)}</span>`)}</p>
    ${info.parentId ? html`<p class="facts">A subagent's session, begun by
      ${parent
        ? html`<a href=${parent}>${visible(info.parentId)}</a>` : html`<code>${visible(info.parentId)}</code>`}</p>`
          : nothing}
  </header>`;
}

function renderUser(view: View, turn: Turn, index: number): TemplateResult {
  const message = turn.user!;
  const created = number(message.doc.data, 'time', 'created');
  const parts = message.parts.filter((part) => text(view.store.get('part', part)?.data, 'type') !== 'agent');
  return html`<article class="user" aria-labelledby="h-${index}">
    <div class="message-head"><h2 id="h-${index}">User<span class="for-screen-readers">,
      message ${index + 1}</span></h2>
      ${renderTime(view, created)}
      <span class="head-actions">${renderCopy(view, 'message', () => textOf(view, [message]))}${
        renderAddComment(view, 'message', message.id, 'message')}${renderPermalink(view, message.id)}</span></div>
    ${parts.length === 0 ? html`<p class="not-shown">Nothing of this message is shown to this link,
      or it is still on its way.</p>`
      : parts.slice(0, maxUserParts).map((part) => html`<div class="user-part">${
        renderPart(view, `p:${part}`, view.store.get('part', part), true)}${renderComments(view, 'part', part)}</div>`)}
    ${parts.length > maxUserParts ? html`<p class="quiet">${plural(parts.length - maxUserParts, 'more part')} not shown
      here: the export has them.</p>` : nothing}
    ${renderComments(view, 'message', message.id)}
  </article>`;
}

function renderAnswerHead(view: View, message: Message): TemplateResult {
  const { data } = message.doc;
  const agent = text(data, 'agent') || text(data, 'mode');
  const model = text(data, 'modelID');
  const who = text(data, 'agent_session') === '' ? agent || 'Agent' : `Subagent ${agent}`;
  return html`${renderCrumbs(view, message)}<div class="message-head answer-head"><h3>${oneLine(who, 60)}</h3>
    ${model ? html`<span class="quiet">${oneLine(model, 80)}</span>` : nothing}
    ${renderTime(view, number(data, 'time', 'created'))}
    <span class="head-actions">${renderAddComment(view, 'message', message.id, 'message')}${
      renderPermalink(view, message.id)}</span></div>${renderComments(view, 'message', message.id)}`;
}

/** Says where in the session a subagent is, from the outside inwards. */
function renderCrumbs(view: View, message: Message): TemplateResult | typeof nothing {
  const crumbs = view.crumbs(message);
  if (crumbs.length === 0) return nothing;
  return html`<div class="crumbs" role="group" aria-label="Where this is"><ol><li>Session</li>${crumbs.map(({ part }) =>
    html`<li>
    <button type="button" class="quiet-button" @click=${() => view.show(`p:${part}`)}>${crumbName(view, part)}</button>
    </li>`)}</ol></div>`;
}

function crumbName(view: View, part: string): string {
  const data = view.store.get('part', part)?.data;
  return oneLine(text(data, 'description') || text(data, 'name') || 'Subagent', 80);
}

/** Returns what messages say, as Markdown. */
function textOf(view: View, messages: readonly Message[]): string {
  const said = messages.flatMap(({ parts }) => parts).map((part) => fields(view.store.get('part', part)?.data))
    .filter((data) => text(data, 'type') === 'text' && data.synthetic !== true)
    .map((data) => text(data, 'text').trim());
  return visibleOutput(said.filter((piece) => piece !== '').join('\n\n'));
}

function renderChangedFile(view: View, id: string, file: ChangedFile): TemplateResult {
  const edits = file.edits.slice(0, maxEditLinks);
  const { whole } = file;
  const isWaiting = whole !== undefined && !isReady(whole);
  if (isWaiting) view.later(id, compareSteps([whole]));
  const diffs = isWaiting ? [] : diffsOf(file);
  return html`<article class="changed-file" aria-label=${visible(file.file)}>
    ${renderDiffs(view, diffs, (at) => `${id}:diff${at}`, () => file.file, (at) => sourceOf(view, file, at))}
    ${diffs.length === 0 ? html`<p class="file">${visible(file.file)} ${renderCounts(countsOf(file))}</p>` : nothing}
    ${edits.length === 0 ? nothing : html`<p class="note">In the conversation: ${edits.map(({ row }, at) => html`
      <button type="button" class="quiet-button" @click=${() => view.show(row)}>edit ${at + 1}</button>`)}${
      file.edits.length > edits.length ? ` and ${file.edits.length - edits.length} more` : nothing}</p>`}
    ${whole && whole.hunks.length > 0 ? nothing : [...new Set(edits.map(({ row }) => row))].map((row) =>
      renderComments(view, 'part', row.slice(2), [file.file, ...edits.map(({ diff }) => diff.file)]))}
    ${view.talk.diffKey === undefined ? nothing
      : renderComments(view, 'session_diff', view.talk.diffKey, [file.file])}</article>`;
}

/** The document that a diff of a changed file is of. */
function sourceOf(view: View, { whole, edits }: ChangedFile, at: number): DiffSource | undefined {
  const { diffKey } = view.talk;
  if (whole && whole.hunks.length > 0)
    return diffKey === undefined ? undefined : { kind: 'session_diff', key: diffKey };
  const row = edits[at]?.row;
  return row === undefined ? undefined : { kind: 'part', key: row.slice(2) };
}

function renderPermalink(view: View, id: string): TemplateResult {
  return html`<a class="permalink" href=${view.permalink(id)} aria-label="Copy link to here, with its key"
    title="Copy link to here (with its key)" @click=${(event: Event) => view.copyLink(event, id)}>${icon('link')}</a>`;
}

function renderError(data: unknown): TemplateResult {
  const name = text(data, 'error', 'name');
  const message = text(data, 'error', 'data', 'message') || text(data, 'error', 'message');
  if (name === 'MessageAbortedError') {
    return html`<p class="alert is-quiet">${icon('error')} <span><strong>Aborted</strong> by the user.</span></p>`;
  }
  return html`<div class="alert">${icon('error')} <div><strong>${oneLine(name || 'Error', 80)}</strong>
    ${message ? html`<div class="alert-text" dir="auto">${visibleOutput(message.slice(0,
      4000))}</div>` : nothing}</div></div>`;
}

const endings = { completed: '', failed: 'Failed', aborted: 'Aborted', unfinished: 'Not finished' };

/** Returns the state of a turn; nothing goes on in a session that has ended. */
function stateOf(view: View, turn: Turn, end: EndNote): TurnState {
  const state = turnState(view.store, turn);
  return state === 'streaming' && end !== 'none' ? 'unfinished' : state;
}

function renderFoot(view: View, turn: Turn, end: EndNote): TemplateResult {
  const state = stateOf(view, turn, end);
  if (state === 'streaming') return html`<p class="foot is-working"><span class="dots"
    aria-hidden="true"></span>Working…</p>`;
  const diffs = turnDiffs(turn);
  const total = { additions: 0, deletions: 0 };
  const id = `d:${turn.id}`;
  const isOpen = view.isOpen(id, false);
  if (!diffs.every((diff) => isReady(diff, !isOpen))) view.later(id, compareSteps(diffs, !isOpen));
  const ready = diffs.filter((diff) => isReady(diff, !isOpen));
  for (const diff of ready) {
    total.additions += diff.additions;
    total.deletions += diff.deletions;
  }
  const ending = isProvisional(view.store, turn) ? 'Aborted: the agent has not been heard of since' : endings[state];
  const took = turnDuration(turn);
  return html`<div class="foot">
    <p class="foot-line"><span>${[ending, took === undefined ? '' : duration(took),
      usageText(usageOf(turn.answers))].filter((piece) => piece !== '')
      .map((piece, at) => html`${at > 0 ? ' · ' : ''}<span class=${piece === ending
        ? 'ending' : ''}>${piece}</span>`)}</span>
      ${renderCopy(view, 'answer', () => textOf(view, turn.answers.filter(({ depth }) => depth === 0)))}</p>
    ${diffs.length === 0 ? nothing : html`<button type="button" class="fold" aria-expanded=${isOpen} @click=${() =>
      view.toggle(id, false)}>
      ${icon(isOpen ? 'open' : 'folded')} ${plural(diffs.length, 'file')} changed ${renderCounts(total)}</button>`}
    ${isOpen ? renderDiffs(view, ready, (at) => `${id}:${at}`) : nothing}</div>`;
}

function renderUndone(view: View, id: string, run: UndoneRun): TemplateResult {
  const isOpen = view.isOpen(id, false);
  return html`<div class="undone"><button type="button" class="fold" aria-expanded=${isOpen}
    @click=${() => view.toggle(id, false)}>${icon(isOpen ? 'open' : 'folded')} ${sayUndone(run)}</button></div>`;
}

function renderEnd(view: View, end: EndNote): TemplateResult {
  const hidden = view.store.hiddenOps > 0;
  return html`<div class="end">
    ${end === 'ended'
      ? html`<p class="ended"><strong>This session has ended.</strong> Nothing new will come; what is here stays
      readable.</p>` : nothing}
    ${hidden ? html`<p class="not-shown">Some of this session is not shown to this link.</p>` : nothing}</div>`;
}

/** "12.3k in, 1.2k out, $0.12", or empty. */
export function usageText(usage: Usage): string {
  if (usage.input + usage.output + usage.cached === 0) return '';
  const tokens = `${short(usage.input + usage.cached)} tokens in, ${short(usage.output)} out`;
  return usage.cost > 0 ? `${tokens}, ${money(usage.cost)}` : tokens;
}

