import { html, nothing, type TemplateResult } from 'lit/html.js';
import { plural } from '../../shared/format.ts';
import type { Todo } from '../session/summary.ts';
import { oneLine } from '../text/visible.ts';

const maxTodos = 100;
const maxChars = 1_000;

const names: Record<string, string> = {
  completed: 'Done', in_progress: 'In progress', cancelled: 'Cancelled', pending: 'To do',
};
const marks: Record<string, string> = { completed: '✓', in_progress: '▸', cancelled: '×' };

export function renderTodos(todos: readonly Todo[]): TemplateResult {
  const more = todos.length - maxTodos;
  return html`<ul class="todos">${todos.slice(0, maxTodos).map(({ content, status, priority }) => html`
    <li class="todo-${status in names ? status : 'pending'}"><span class="todo-mark"
      aria-hidden="true">${marks[status] ?? ''}</span>
      <span><span class="for-screen-readers">${names[status] ?? 'To do'}: </span><span class="todo-text"
        dir="auto">${oneLine(content, maxChars)}</span>
      ${priority === 'high' ? html` <span class="tag">high</span>` : ''}</span></li>`)}
    ${more > 0 ? html`<li class="quiet">${plural(more, 'more item')} not shown here: the export has them.</li>`
      : nothing}</ul>`;
}
