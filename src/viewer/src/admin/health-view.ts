import { html, type TemplateResult } from 'lit/html.js';
import type { ServerStatus } from '@sharerpc/client';
import { bytes, count, duration } from '../shared/format.ts';

export function renderHealth(status: ServerStatus | undefined): TemplateResult {
  if (!status) return html`<h1>Server</h1><p role="status">Loading…</p>`;
  const rate = (value: number) => (value < 10 ? value.toFixed(1) : count(Math.round(value)));
  const figures: [string, string][] = [
    ['Ops per second', rate(status.ops_per_second)],
    ['Commits per second', rate(status.commits_per_second)],
    ['Commit time, median', `${status.commit_ms_p50.toFixed(1)} ms`],
    ['Commit time, 99 of 100', `${status.commit_ms_p99.toFixed(1)} ms`],
    ['Waiting for the disk', `${count(status.queue_items)} (${bytes(status.queue_bytes)})`],
    ['Open connections', count(status.connections)],
    ['Live handles', count(status.handles)],
    ['Shares in use', count(status.shares)],
    ['Running for', duration(status.now_ms - status.started_ms)],
    ['Version', status.version],
  ];
  return html`<h1>Server</h1><p class="quiet">Rates and times are of the last ten seconds.</p>
    <dl class="figures">${figures.map(([name, value]) => html`<div class="card"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
