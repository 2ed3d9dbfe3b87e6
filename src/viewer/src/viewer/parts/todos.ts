import { html, type TemplateResult } from 'lit/html.js';
import type { Todo } from '../session/summary.ts';
import { visibleOutput } from '../text/visible.ts';

const names: Record<string, string> = { completed: 'Done', in_progress: 'In progress', cancelled: 'Cancelled', pending: 'To do' };
const marks: Record<string, string> = { completed: '✓', in_progress: '▸', cancelled: '×' };

export function renderTodos(todos: readonly Todo[]): TemplateResult {
  return html`<ul class="todos">${todos.map(({ content, status, priority }) => html`
    <li class="todo-${status in names ? status : 'pending'}"><span class="todo-mark" aria-hidden="true">${marks[status] ?? ''}</span>
      <span><span class="for-screen-readers">${names[status] ?? 'To do'}: </span><span class="todo-text"
        dir="auto">${visibleOutput(content)}</span>
      ${priority === 'high' ? html` <span class="tag">high</span>` : ''}</span></li>`)}</ul>`;
}
