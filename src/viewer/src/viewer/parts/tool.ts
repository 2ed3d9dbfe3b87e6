import { html, nothing, type TemplateResult } from 'lit/html.js';
import { duration, plural } from '../../shared/format.ts';
import type { Doc } from '../documents.ts';
import type { FileDiff } from '../diff/file-diff.ts';
import { areQuick, editSteps, toolDiffs } from '../session/edits.ts';
import { fields, has, list, number, text, type Fields } from '../session/fields.ts';
import { todo } from '../session/summary.ts';
import { oneLine, visible } from '../text/visible.ts';
import { renderCopy } from './copy.ts';
import { renderCounts, renderDiffs } from './diffs.ts';
import { renderFile } from './file.ts';
import { icon } from './icons.ts';
import { renderInput, renderOutput } from './output.ts';
import { renderTodos } from './todos.ts';
import type { View } from './view.ts';

export type ToolStatus = 'pending' | 'running' | 'completed' | 'error' | 'unfinished';

const statusNames: Record<ToolStatus, string> = {
  pending: 'Waiting', running: 'Running', completed: 'Done', error: 'Failed',
  unfinished: 'Not finished',
};
const openByDefault = new Set([
  'bash', 'shell', 'edit', 'multiedit', 'write', 'patch', 'apply_patch', 'todowrite', 'task',
]);

const maxAttachments = 50;
/** A command that is longer is folded. */
const maxCommandChars = 10_000;

/** Describe a call without title. */
const tellingInputs = [
  'command', 'filePath', 'file_path', 'path', 'pattern', 'url', 'query', 'description', 'name', 'tool',
];

/** Run a command of a shell, as the agents call it. */
const commandTools = new Set(['bash', 'shell', 'Bash', 'run_shell_command', 'exec_command', 'local_shell']);

/** `isOver`: the turn goes on no more, and with it the call. */
export function renderTool(view: View, id: string, doc: Doc, isOver: boolean): TemplateResult {
  const state = fields(fields(doc.data).state);
  const status = statusOf(state, isOver);
  const tool = text(doc.data, 'tool') || 'tool';
  const input = fields(state.input);
  const isHidden = !has(state, 'input') && !has(state, 'output') && doc.redacted === true;
  const isCompared = isHidden || areQuick(state, input);
  if (!isCompared) view.later(`compare:${id}`, editSteps(state, input));
  const changed = isHidden || !isCompared ? [] : toolDiffs(state, input);
  const byDefault = !isHidden && (status === 'error' || status === 'running' || openByDefault.has(tool)
    || changed.length > 0);
  const isOpen = view.isOpen(id, byDefault);
  const took = (number(state, 'time', 'end') ?? NaN) - (number(state, 'time', 'start') ?? NaN);
  const time = Number.isNaN(took) ? status === 'completed' ? '' : statusNames[status] : duration(took);
  return html`
    <div class="tool is-${status}" role="group" aria-label="Tool call: ${oneLine(tool, 60)}">
      <button type="button" class="tool-head" aria-expanded=${isOpen} @click=${() => view.toggle(id, byDefault)}>
        ${icon(status)}<span class="for-screen-readers">${statusNames[status]}: </span>
        <span class="tool-name">${oneLine(tool, 60)}</span>
        <span class="tool-title" dir="auto">${isHidden ? '' : titleOf(tool, state, input)}</span>
        ${changed.length > 0 ? renderCounts(sum(changed)) : nothing}
        <span class="tool-time">${time}</span>
        ${icon(isOpen ? 'open' : 'folded')}
      </button>
      ${isOpen ? html`<div class="tool-body">${isHidden
        ? html`<p class="not-shown">Input and output are not shown to this link.</p>`
        : isCompared ? renderBody(view, id, tool, state, input, changed)
          : html`<p class="quiet">Comparing…</p>`}</div>` : nothing}
    </div>`;
}

function renderBody(view: View, id: string, tool: string, state: Fields, input: Fields,
  changed: FileDiff[]): TemplateResult {
  const error = text(state, 'error');
  const output = text(state, 'output') || text(state, 'metadata', 'output');
  const failure = error === '' ? nothing : renderOutput(view, `${id}:error`, 'Error', error, true);
  const attached = list(state, 'attachments');
  const more = attached.length - maxAttachments;
  const files = html`${attached.slice(0, maxAttachments).map(renderFile)}${more > 0
    ? html`<p class="quiet">${plural(more, 'more attachment')} not shown here: the export has them.</p>` : nothing}`;
  if (changed.length > 0) {
    return html`${renderDiffs(view, changed, (at) => `${id}:diff${at}`, ({ file }) => file, () => (
      { kind: 'part', key: id.slice(2) }))}${failure}${files}`;
  }
  if (commandTools.has(tool) && text(input, 'command') !== '') {
    const command = text(input, 'command');
    if (command.length > maxCommandChars) {
      return html`${renderOutput(view, `${id}:command`, 'Command', command, false, false)}${
        renderOutput(view, id, 'Output', output)}${renderExit(state)}${failure}${files}`;
    }
    return html`<div class="command-frame"><pre class="command" tabindex="0" role="group" aria-label="Command"><span
      class="prompt" aria-hidden="true">$ </span>${visible(command)}</pre>${
      renderCopy(view, 'command', () => visible(command))}</div>${output !== '' || text(state, 'status') === 'completed'
      ? renderOutput(view, id, 'Output', output) : nothing}${renderExit(state)}${failure}${files}`;
  }
  const todos = list(input, 'todos');
  if (tool.startsWith('todo') && todos.length > 0) return html`${renderTodos(todos.map(todo))}${failure}`;
  if (tool === 'task') {
    return html`${renderSubsession(view, state, input)}${renderOutput(view, `${id}:prompt`, 'Prompt', text(input,
      'prompt'))}${
      output === '' ? nothing : renderOutput(view, id, 'Output', output)}${failure}${files}`;
  }
  return html`${renderInput(view, id, input)}${output === '' ? nothing : renderOutput(view, id, 'Output',
    output)}${failure}${files}`;
}

function renderExit(state: Fields): TemplateResult | typeof nothing {
  const exit = number(state, 'metadata', 'exit');
  return exit === undefined || exit === 0 ? nothing : html`<p class="exit">Exit code ${exit}</p>`;
}

/** Links a subagent's session if its link was opened in this tab (shares hold no links). */
function renderSubsession(view: View, state: Fields, input: Fields): TemplateResult | typeof nothing {
  const session = text(state, 'metadata', 'sessionId') || text(state, 'metadata', 'sessionID');
  const agent = text(input, 'subagent_type') || 'subagent';
  if (session === '') return html`<p class="subsession">Subagent: ${oneLine(agent, 80)}</p>`;
  const address = view.sessionAddress(session);
  return html`<p class="subsession">Subagent ${oneLine(agent, 80)}, session
    ${address ? html`<a href=${address}>${oneLine(session, 120)}</a>`
      : html`<code>${oneLine(session, 120)}</code> (shared by a link of its own)`}</p>`;
}

function statusOf(state: Fields, isOver: boolean): ToolStatus {
  const status = text(state, 'status');
  if (status === 'completed' || status === 'error') return status;
  return isOver ? 'unfinished' : status === 'running' ? status : 'pending';
}

function titleOf(tool: string, state: Fields, input: Fields): string {
  const described = commandTools.has(tool) || tool === 'task' ? text(input, 'description') : '';
  const title = described || text(state, 'title');
  if (title !== '') return oneLine(title, 160);
  for (const name of tellingInputs) if (text(input, name) !== '') return oneLine(visible(text(input, name).slice(0,
    1000)), 160);
  return '';
}

function sum(changed: readonly FileDiff[]): { additions: number; deletions: number } {
  return {
    additions: changed.reduce((total, diff) => total + diff.additions, 0),
    deletions: changed.reduce((total, diff) => total + diff.deletions, 0),
  };
}
