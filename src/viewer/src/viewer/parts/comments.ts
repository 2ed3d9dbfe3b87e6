import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../shared/format.ts';
import type { Comment, CommentLine, Holder, Thread } from '../session/comments.ts';
import { oneLine, visible } from '../text/visible.ts';
import { icon } from './icons.ts';
import { renderTime } from './times.ts';
import type { Draft, View } from './view.ts';

/**
 * Renders what is said about a document, or about the lines of one file, however it is called, and what the reader is
 * saying. Hostile text: it is shown as text only.
 */
export function renderComments(
  view: View, kind: Thread['kind'], key: string, files?: readonly string[],
): TemplateResult | typeof nothing {
  const { talk } = view;
  const isHere = (line: CommentLine | undefined) =>
    files === undefined || (line !== undefined && files.includes(line.file));
  const threads = talk.threadsOn(kind, key).filter(({ comments }) => isHere(comments[0]?.line));
  const drafts = talk.draftsOn(kind, key).filter(({ line }) => isHere(line));
  if (threads.length === 0 && drafts.length === 0) return nothing;
  return html`<div class="talk" role="group" aria-label="Comments">
    ${threads.map((thread) => renderThread(view, thread))}
    ${drafts.map((draft) => renderDraft(view, draft, 'Comment'))}</div>`;
}

/** Names a holder; the owner by a badge, which no label is. */
export function renderHolder({ name, isOwner }: Omit<Holder, 'id'>, max: number): TemplateResult {
  return html`<strong><bdi>${oneLine(name, max)}</bdi></strong>${isOwner
    ? html` <span class="tag is-owner" role="img" aria-label="the owner of this share">✓</span>` : nothing}`;
}

/** Begins a comment on a document. `what` it is, in words. */
export function renderAddComment(
  view: View, kind: Thread['kind'], key: string, what: string, className = '',
): TemplateResult | typeof nothing {
  if (!view.talk.mayComment) return nothing;
  return html`<button type="button" class="talk-add ${className}" aria-label="Comment on this ${what}"
    title="Comment on this ${what}" @click=${() => view.talk.begin({ place: `new:${kind}/${key}`, kind, key })}>${
    icon('comment')}</button>`;
}

/** The document that a diff is of. */
export interface DiffSource {
  kind: 'part' | 'session_diff';
  key: string;
}

/** Begins a comment on a line of a diff. */
export function renderLineComment(
  view: View, on: DiffSource, line: CommentLine, quote: string,
): TemplateResult | typeof nothing {
  if (!view.talk.mayComment) return nothing;
  const place = `line:${on.kind}/${on.key}:${line.file}:${line.side}${line.number}`;
  return html`<button type="button" class="quiet-button talk-line" @click=${() =>
    view.talk.begin({ place, ...on, line, quote })}>${icon('comment')} Comment on line ${line.number}</button>`;
}

function renderThread(view: View, thread: Thread): TemplateResult {
  const { talk } = view;
  const id = `t:${thread.kind}/${thread.key}/${thread.id}`;
  const isOpen = view.isOpen(id, !thread.isResolved);
  const first = thread.comments[0]!;
  const reply = `re:${id}`;
  const draft = talk.draft(reply);
  return html`<div class="thread ${thread.isResolved ? 'is-resolved' : ''}" role="group"
    aria-label="Thread of ${first.author.name}${thread.isResolved ? ', resolved' : ''}">
    ${thread.isResolved ? html`<button type="button" class="fold" aria-expanded=${isOpen}
      @click=${() => view.toggle(id, false)}>${icon(isOpen ? 'open' : 'folded')} Resolved, ${
        plural(thread.comments.length, 'comment')}</button>` : nothing}
    ${isOpen ? html`${renderWhere(first)}
      ${thread.comments.map((comment) => renderComment(view, comment))}
      ${draft ? renderDraft(view, draft, 'Answer') : nothing}
      ${talk.mayComment && !draft ? html`<div class="talk-actions">
        <button type="button" class="quiet-button" aria-label="Answer ${first.author.name}" @click=${() => talk.begin({
          place: reply, kind: thread.kind, key: thread.key, parent: thread.id,
        })}>Answer</button>
        <button type="button" class="quiet-button" @click=${() => talk.resolve(thread, !thread.isResolved)}>${
          thread.isResolved ? 'Open again' : 'Resolve'}</button></div>` : nothing}` : nothing}</div>`;
}

function renderWhere({ line, quote }: Comment): TemplateResult | typeof nothing {
  if (!line && quote === '') return nothing;
  return html`<div class="talk-where">${line ? html`<span dir="ltr">${visible(line.file)}</span>, line ${line.number}${
    line.side === 'before' ? ' before' : nothing}` : nothing}
    ${quote === '' ? nothing : html`<blockquote dir="auto">${oneLine(quote, 300)}</blockquote>`}</div>`;
}

function renderComment(view: View, comment: Comment): TemplateResult {
  const { talk } = view;
  const place = `edit:${comment.kind}/${comment.key}/${comment.id}`;
  const draft = talk.draft(place);
  const isMine = comment.author.id === talk.me && talk.mayComment;
  const said = comment.resolved === undefined ? '' : comment.resolved ? 'resolved this' : 'opened this again';
  const name = oneLine(comment.author.name, 80);
  return html`<article class="comment" aria-label="Comment of ${name}">
    <p class="comment-head">${renderHolder(comment.author, 80)} ${said}
      ${comment.created > 0 ? renderTime(view, comment.created) : nothing}
      ${comment.isEdited ? html`<span class="quiet">edited</span>` : nothing}
      ${(isMine || (talk.isOwner && talk.mayComment)) && !draft ? html`<span class="head-actions">
        ${isMine && comment.text !== '' ? html`<button type="button" class="quiet-button"
          aria-label="Edit your comment" @click=${() => talk.begin({
            place, kind: comment.kind, key: comment.key, text: comment.text, edits: comment,
          })}>Edit</button>` : nothing}
        <button type="button" class="quiet-button" aria-label="Remove the comment of ${name}"
          @click=${() => talk.remove(comment)}>Remove</button></span>` : nothing}</p>
    ${draft ? renderDraft(view, draft, 'Your comment')
      : comment.text === '' ? nothing
      : html`<p class="comment-text" dir="auto">${visible(comment.text)}</p>`}</article>`;
}

function renderDraft(view: View, draft: Draft, label: string): TemplateResult {
  const { talk } = view;
  const send = (event: Event) => {
    event.preventDefault();
    talk.send(draft.place);
  };
  return html`<form class="draft" @submit=${send}>
    ${draft.line || draft.quote ? renderWhere({ line: draft.line, quote: draft.quote ?? '' } as Comment) : nothing}
    <textarea class="field" rows="3" aria-label=${label} maxlength="6000" dir="auto" .value=${draft.text}
      data-draft=${draft.place} ?disabled=${draft.isSending ?? false}
      @input=${(event: Event) => talk.type(draft.place, (event.target as HTMLTextAreaElement).value)}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event);
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        talk.cancel(draft.place);
      }}></textarea>
    <div class="talk-actions"><button type="submit" class="button is-primary" ?disabled=${draft.isSending ?? false}>${
      draft.edits ? 'Save' : 'Send'}</button>
      <button type="button" class="button" @click=${() => talk.cancel(draft.place)}>Cancel</button>
      ${draft.trouble ? html`<span class="bad" role="alert">${draft.trouble}</span>` : nothing}</div></form>`;
}
