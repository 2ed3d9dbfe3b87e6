import { html, nothing, type TemplateResult } from 'lit/html.js';
import { duration, plural } from '../../shared/format.ts';
import type { Doc } from '../documents.ts';
import { fields, list, number, text } from '../session/fields.ts';
import { lineCount, oneLine, visible } from '../text/visible.ts';
import { renderFile } from './file.ts';
import { icon } from './icons.ts';
import { isOmitted, renderOmitted } from './omitted.ts';
import { jsonOf, renderOutput } from './output.ts';
import { renderTool } from './tool.ts';
import type { View } from './view.ts';

/** Renders a part of a message. `isOver`: nobody works on it any more. */
export function renderPart(
  view: View, id: string, doc: Doc | undefined, isOver: boolean,
): TemplateResult | typeof nothing {
  if (!doc) return nothing;
  const data = fields(doc.data);
  if (isOmitted(data)) return renderOmitted(data);
  switch (text(data, 'type')) {
    case 'text': return data.synthetic === true ? renderSynthetic(view, id, data) : renderText(view, id, data, doc);
    case 'reasoning': return renderReasoning(view, id, data, isOver);
    case 'tool': return renderTool(view, id, doc, isOver);
    case 'file': return renderFile(data);
    case 'patch': return renderPatch(data);
    case 'agent': return html`<p class="note">Agent: ${oneLine(text(data, 'name'), 80)}</p>`;
    case 'subtask': return renderSubtask(view, id, data, doc);
    case 'compaction': return renderCompaction(view, id, data);
    case 'plan': return renderPlan(view, id, data);
    case 'subagent': return renderSubagent(view, id, data, doc);
    case 'notice': return renderNotice(data);
    case 'retry': return renderRetry(data);
    default: return renderUnknown(view, id, doc);
  }
}

function renderText(view: View, id: string, data: unknown, doc: Doc): TemplateResult | typeof nothing {
  const value = text(data, 'text');
  if (value.trim() === '') return doc.redacted ? html`<p class="not-shown">Text not shown to this link.</p>` : nothing;
  return html`${view.markdown(id, value)}`;
}

/** Renders program text folded, unlike a user's words. */
function renderSynthetic(view: View, id: string, data: unknown): TemplateResult {
  const value = text(data, 'text');
  const isOpen = view.isOpen(id, false);
  return html`<div class="synthetic">
    <button type="button" class="fold" aria-expanded=${isOpen} @click=${() => view.toggle(id, false)}>${icon(isOpen
      ? 'open' : 'folded')}
      Added by the program: ${plural(lineCount(value), 'line')}</button>
    ${isOpen ? renderOutput(view, id, 'Text', value) : nothing}</div>`;
}

function renderReasoning(view: View, id: string, data: unknown, isTurnOver: boolean): TemplateResult | typeof nothing {
  const value = text(data, 'text');
  const end = number(data, 'time', 'end');
  const isOver = end !== undefined || isTurnOver;
  if (value.trim() === '' && isOver) return nothing;
  const isOpen = view.isOpen(id, false);
  const time = end === undefined ? 0 : end - (number(data, 'time', 'start') ?? end);
  return html`<div class="reasoning">
    <button type="button" class="fold" aria-expanded=${isOpen} @click=${() => view.toggle(id, false)}>${icon(isOpen
      ? 'open' : 'folded')}
      <span>${isOver || !('time' in fields(data)) ? 'Reasoning' : 'Reasoning…'}</span>
      ${time >= 1000 ? html`<span class="quiet">${duration(time)}</span>` : nothing}
      ${isOpen ? nothing : html`<span class="preview" dir="auto">${oneLine(value, 140)}</span>`}</button>
    ${isOpen ? html`<div class="reasoning-text">${view.markdown(id, value)}</div>` : nothing}</div>`;
}

function renderPatch(data: unknown): TemplateResult | typeof nothing {
  const files = list(data, 'files').filter((file) => typeof file === 'string').map((file) => file.split(/[/\\]/).at(-1)
    ?? '');
  if (files.length === 0) return nothing;
  const rest = files.length > 6 ? ` and ${files.length - 6} more` : '';
  const named = files.slice(0, 6).map((file, at) => html`${at > 0 ? ', ' : ''}<code>${oneLine(file, 60)}</code>`);
  return html`<p class="note">Changed ${named}${rest}</p>`;
}

function renderSubtask(view: View, id: string, data: unknown, doc: Doc): TemplateResult {
  const prompt = text(data, 'prompt');
  return html`<div class="subtask"><p class="note">Subtask for ${oneLine(text(data, 'agent') || 'a subagent', 60)}: ${
    oneLine(text(data, 'description'), 160)}</p>
    ${prompt !== '' ? renderOutput(view, id, 'Prompt', prompt)
      : doc.redacted ? html`<p class="not-shown">The prompt is not shown to this link.</p>` : nothing}</div>`;
}

function renderCompaction(view: View, id: string, data: unknown): TemplateResult {
  const summary = text(data, 'summary');
  const said = text(data, 'status') === 'running'
    ? 'The session is being summarised…' : 'The session so far was summarised here';
  return html`<p class="note rule"><span>${said}</span></p>
    ${summary === '' ? nothing : renderOutput(view, id, 'Summary', summary)}`;
}

function renderPlan(view: View, id: string, data: unknown): TemplateResult | typeof nothing {
  const value = text(data, 'text');
  if (value.trim() === '') return nothing;
  return html`<div class="plan"><p class="note">Plan</p>${view.markdown(id, value)}</div>`;
}

function renderSubagent(view: View, id: string, data: unknown, doc: Doc): TemplateResult {
  const status = text(data, 'status');
  const about = [text(data, 'name'), text(data, 'description')].filter((word) => word !== '')
    .map((word) => oneLine(word, 160)).join(': ');
  const session = text(data, 'agent_session');
  const its = view.subagent(session);
  // Its first message says what it was told.
  const prompt = its ? '' : text(data, 'prompt');
  const result = text(data, 'error') || text(data, 'result');
  const said = status === '' ? about : `${about} (${oneLine(status, 40)})`;
  const fold = `s:${session}`;
  const isOpen = its !== undefined && view.isOpen(fold, true);
  return html`<div class="subtask"><p class="note">Subagent ${said}</p>
    ${its ? html`<button type="button" class="fold" aria-expanded=${isOpen} @click=${() => view.toggle(fold, true)}>
      ${icon(isOpen ? 'open' : 'folded')} Its session: ${plural(its.count, 'message')}</button>` : nothing}
    ${prompt === '' ? nothing : renderOutput(view, `${id}:prompt`, 'Prompt', prompt)}
    ${result === '' ? nothing : renderOutput(view, id, text(data, 'error') === '' ? 'Result' : 'Error', result)}
    ${text(data, 'prompt') === '' && doc.redacted
      ? html`<p class="not-shown">What it was told and answered is not shown to this link.</p>` : nothing}</div>`;
}

function renderNotice(data: unknown): TemplateResult {
  const detail = text(data, 'detail');
  const record = oneLine(text(data, 'record') || 'notice', 80);
  return html`<p class="note">${record}${detail === '' ? '' : `: ${oneLine(detail, 300)}`}</p>`;
}

function renderRetry(data: unknown): TemplateResult {
  const reason = text(data, 'error', 'data', 'message') || text(data, 'error', 'name');
  return html`<p class="note is-warning">Tried again${reason === '' ? '' : `: ${oneLine(reason, 300)}`}</p>`;
}

function renderUnknown(view: View, id: string, doc: Doc): TemplateResult {
  const type = text(doc.data, 'type') || 'part';
  const isOpen = view.isOpen(id, false);
  return html`<div class="synthetic"><button type="button" class="fold" aria-expanded=${isOpen}
    @click=${() => view.toggle(id, false)}>
    ${icon(isOpen ? 'open' : 'folded')} ${visible(type.slice(0, 60))}</button>
    ${isOpen ? renderOutput(view, id, 'Data', jsonOf(doc.data)) : nothing}</div>`;
}
