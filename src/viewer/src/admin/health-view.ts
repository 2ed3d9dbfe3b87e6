import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { ClusterStatus, ServerStatus } from '@sharerpc/client';
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
    <dl class="figures">${figures.map(([name, value]) =>
      html`<div class="card"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${status.cluster ? renderNodes(status.cluster) : nothing}`;
}

function renderNodes({ node, nodes }: ClusterStatus): TemplateResult {
  const pills = { serving: 'is-live', late: 'is-suspended', gone: 'is-revoked' };
  return html`<h2>Nodes</h2>
    ${nodes.length === 0 ? html`<p class="trouble">The database does not answer.</p>` : nothing}
    <table class="list" ?hidden=${nodes.length === 0}>
      <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Lease renewed</th>
        <th scope="col">Wakes behind</th><th scope="col">Changes</th></tr></thead>
      <tbody>${nodes.map((each) => html`<tr>
        <th scope="row">${each.name}${each.name === node ? ' (this one)' : ''}</th>
        <td data-name="State"><span class="pill ${pills[each.state]}">${each.state}</span></td>
        <td data-name="Lease renewed">${duration(each.renewed_ago_ms)} ago</td>
        <td data-name="Wakes behind">${each.wake_lag_ms === undefined ? '' : `${each.wake_lag_ms.toFixed(1)} ms`}</td>
        <td data-name="Changes">${each.owes_confirmation ? 'not confirmed yet' : 'confirmed'}</td></tr>`)}</tbody>
    </table>`;
}
