import type { CapabilityInfo, Caveats } from '@sharerpc/client';
import { bytes, count, dateTime, duration, plural } from '../shared/format.ts';

export interface Holder {
  ref: CapabilityInfo;
  children: Holder[];
}

/** A ref without listed parent is a root. */
export function treeOf(refs: CapabilityInfo[]): Holder[] {
  const holders = new Map(refs.map((ref) => [ref.cap_id, { ref, children: [] } as Holder]));
  const roots: Holder[] = [];
  for (const holder of holders.values()) {
    const parent = holder.ref.parent_cap_id === undefined ? undefined : holders.get(holder.ref.parent_cap_id);
    (parent?.children ?? roots).push(holder);
  }
  return roots;
}

export function findHolder(roots: Holder[], capId: string): Holder | undefined {
  for (const holder of roots) {
    const found = holder.ref.cap_id === capId ? holder : findHolder(holder.children, capId);
    if (found) return found;
  }
  return undefined;
}

export function withDescendants(holder: Holder): CapabilityInfo[] {
  return [holder.ref, ...holder.children.flatMap(withDescendants)];
}

export interface Reach {
  /** Accesses that can be used or resumed. */
  accesses: number;
  live: number;
}

export function reachOf(refs: CapabilityInfo[]): Reach {
  const usable = refs.filter(({ state }) => state === 'active' || state === 'suspended' || state === 'retired');
  // Ignores handles of dead refs, which may still be open.
  return { accesses: usable.length, live: usable.reduce((sum, ref) => sum + ref.live_handles, 0) };
}

export function sayReach({ accesses, live }: Reach): string {
  return `${plural(accesses, 'access', 'accesses')}, ${live === 0 ? 'nobody connected now'
    : `${count(live)} connected now`}`;
}

export function nameOf(ref: CapabilityInfo): string {
  return ref.label || `${ref.grant ? 'Grant' : 'Access'} ${ref.cap_id.slice(0, 6)}…`;
}

export function sayCaveats(caveats: Caveats, uses?: number): string[] {
  const said: string[] = [];
  if (caveats.expires_at_ms !== undefined) said.push(`until ${dateTime(caveats.expires_at_ms)}`);
  if (caveats.unused_expires_at_ms !== undefined) said.push(
    `to be opened before ${dateTime(caveats.unused_expires_at_ms)}`);
  if (caveats.max_uses !== undefined) said.push(`${count(uses ?? 0)} of ${plural(caveats.max_uses, 'use')} used`);
  if (caveats.grant_ms !== undefined) said.push(`its grants last ${duration(caveats.grant_ms)}`);
  if (caveats.redact) said.push(`without ${caveats.redact.join(', ')}`);
  if (caveats.no_comments) said.push('without comments');
  if (caveats.readable) said.push(`sees only ${Object.keys(caveats.readable).join(', ')}`);
  if (caveats.append_kinds) said.push(`adds only ${caveats.append_kinds.join(', ')}`);
  if (caveats.max_ops_per_day !== undefined) said.push(`${plural(caveats.max_ops_per_day, 'op')} a day`);
  if (caveats.max_bytes_per_day !== undefined) said.push(`${bytes(caveats.max_bytes_per_day)} a day`);
  if (caveats.max_shares !== undefined) said.push(`at most ${plural(caveats.max_shares, 'share')}`);
  if (caveats.max_bytes !== undefined) said.push(`at most ${bytes(caveats.max_bytes)} in all`);
  return said;
}
