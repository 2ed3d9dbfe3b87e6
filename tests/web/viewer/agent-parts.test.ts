// @vitest-environment jsdom
import { render } from 'lit/html.js';
import { describe, expect, it } from 'vitest';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { renderPart } from '../../../src/viewer/src/viewer/parts/part.ts';
import type { View } from '../../../src/viewer/src/viewer/parts/view.ts';

const view: View = {
  talk: {
    mayComment: false, isOwner: false, me: '', diffKey: undefined, threadsOn: () => [], draft: () => undefined,
    draftsOn: () => [], begin: () => undefined, type: () => undefined, cancel: () => undefined,
    send: () => undefined, resolve: () => undefined, remove: () => undefined,
  },
  store: new DocumentStore(), isSplit: false, isOpen: () => true, toggle: () => undefined, toggleSplit: () => undefined,
  markdown: (_, text) => document.createTextNode(text), sessionAddress: () => undefined, permalink: () => '#',
  copyLink: () => undefined, later: () => undefined, isRelative: false, toggleTimes: () => undefined,
  lineAddress: () => '#', targetLine: undefined, copy: () => undefined, crumbs: () => [], subagent: () => undefined,
  show: () => undefined,
  grown: (_, __, make) => {
    const root = document.createElement('div');
    const nodes = make();
    for (let node = nodes.next(); !node.done; node = nodes.next()) root.append(node.value);
    return root;
  },
};

function shown(data: object, redacted = false): string {
  const root = document.createElement('div');
  render(renderPart(view, 'p', { kind: 'part', key: 'p', cursor: 1, data, redacted } as Doc, true), root);
  return root.textContent!.replace(/\s+/g, ' ').trim();
}

describe('parts of the session format', () => {
  it.each([
    ['a plan', { type: 'plan', text: 'First this' }, ['Plan', 'First this']],
    ['a subagent', { type: 'subagent', name: 'look', prompt: 'Look here', status: 'completed', result: 'Nothing' },
      ['Subagent look (completed)', 'Look here', 'Nothing']],
    ['a subagent that failed', { type: 'subagent', status: 'error', error: 'No such agent' }, ['No such agent']],
    ['a compaction', { type: 'compaction', status: 'completed', summary: 'So far' }, ['summarised here', 'So far']],
    ['a compaction that runs', { type: 'compaction', status: 'running' }, ['is being summarised']],
    ['a notice', { type: 'notice', record: 'model-switched', detail: 'm2' }, ['model-switched: m2']],
    ['a retry', { type: 'retry', error: { name: 'Overloaded' } }, ['Tried again: Overloaded']],
    ['a command by any name', {
      type: 'tool', tool: 'run_shell_command', state: { status: 'completed', input: { command: 'ls' }, output: 'a' },
    }, ['$ ls', 'a']],
  ])('show %s', (_, data, texts) => {
    for (const text of texts) expect(shown(data)).toContain(text);
  });

  it('say what is not shown to a redacted reader, and show hostile text as text', () => {
    expect(shown({ type: 'subagent', status: 'completed' }, true)).toContain('not shown to this link');
    expect(shown({ type: 'notice', record: '<img src=x>', detail: '\u202Ex' })).toContain('<img src=x>');
    const odd = [{ type: 'plan', text: 7 }, { type: 'subagent', prompt: [] }, { type: 'notice' }, { type: {} }];
    for (const data of odd) expect(() => shown(data)).not.toThrow();
  });
});
