import type { CapabilityInfo, Caveats } from '@sharerpc/client';
import { bytes, count, dateTime, duration, plural } from '../shared/format.ts';

/** A ref and the refs that were derived from it. */
export interface Holder {
  ref: CapabilityInfo;
  children: Holder[];
}

/** Arranges refs as trees, in the order of the list. A ref whose parent is not listed is a root. */
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

/** Returns a ref and all its descendants. */
export function withDescendants(holder: Holder): CapabilityInfo[] {
  return [holder.ref, ...holder.children.flatMap(withDescendants)];
}

export interface Reach {
  /** Accesses that could still be used, or resumed. */
  accesses: number;
  live: number;
}

/** Counts what ends when these refs are revoked. */
export function reachOf(refs: CapabilityInfo[]): Reach {
  const usable = refs.filter(({ state }) => state === 'active' || state === 'suspended' || state === 'retired');
  // Handles of a dead ref are not counted: they do nothing, though they may not be closed yet.
  return { accesses: usable.length, live: usable.reduce((sum, ref) => sum + ref.live_handles, 0) };
}

export function sayReach({ accesses, live }: Reach): string {
  return `${plural(accesses, 'access', 'accesses')}, ${live === 0 ? 'nobody connected now' : `${count(live)} connected now`}`;
}

export function nameOf(ref: CapabilityInfo): string {
  return ref.label || `${ref.grant ? 'Grant' : 'Access'} ${ref.cap_id.slice(0, 6)}…`;
}

/** Describes each caveat in a phrase. */
export function sayCaveats(caveats: Caveats, uses?: number): string[] {
  const said: string[] = [];
  if (caveats.expires_at_ms !== undefined) said.push(`until ${dateTime(caveats.expires_at_ms)}`);
  if (caveats.unused_expires_at_ms !== undefined) said.push(`to be opened before ${dateTime(caveats.unused_expires_at_ms)}`);
  if (caveats.max_uses !== undefined) said.push(`${count(uses ?? 0)} of ${plural(caveats.max_uses, 'use')} used`);
  if (caveats.grant_ms !== undefined) said.push(`its grants last ${duration(caveats.grant_ms)}`);
  if (caveats.redact) said.push(`without ${caveats.redact.join(', ')}`);
  if (caveats.readable) said.push(`sees only ${Object.keys(caveats.readable).join(', ')}`);
  if (caveats.append_kinds) said.push(`adds only ${caveats.append_kinds.join(', ')}`);
  if (caveats.max_ops_per_day !== undefined) said.push(`${plural(caveats.max_ops_per_day, 'op')} a day`);
  if (caveats.max_bytes_per_day !== undefined) said.push(`${bytes(caveats.max_bytes_per_day)} a day`);
  return said;
}
