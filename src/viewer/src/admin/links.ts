import type { CapabilityInfo, ShareInfo } from '@sharerpc/client';
import { nameOf } from './holders.ts';

/** A link to a share, with what the page says of it. */
export interface LinkRow {
  ref: CapabilityInfo;
  name: string;
  share: string;
  /** The agent whose token made the share, or "". */
  agent: string;
  /** Live grants: who has opened a link that is counted or has a passphrase. */
  holders: number;
  /** When it was used last, else when it was made. */
  used: number;
}

export interface LinkFields {
  text: string;
  state: string;
  agent: string;
  /** Only links that nobody has used for so many days. */
  unusedDays: number;
  sort: 'used' | 'made' | 'expires' | 'name';
}

export const NO_LINK_FIELDS: LinkFields = { text: '', state: '', agent: '', unusedDays: 0, sort: 'used' };

const DAY = 86_400_000;

/** Returns the links to shares, without the refs of owners and the grants below links. */
export function linksOf(refs: readonly CapabilityInfo[], shares: readonly ShareInfo[]): LinkRow[] {
  const known = new Map(refs.map((ref) => [ref.cap_id, ref]));
  const labels = new Map(shares.map((share) => [share.share_id, share.label || share.share_id]));
  const owners = new Set(shares.map((share) => share.owner_cap_id));
  const grants = new Map<string, number>();
  for (const ref of refs) {
    const isHeld = ref.grant && ref.state === 'active' && ref.parent_cap_id !== undefined;
    if (isHeld) grants.set(ref.parent_cap_id!, (grants.get(ref.parent_cap_id!) ?? 0) + 1);
  }
  return refs.flatMap((ref) => ref.share_id === undefined || ref.grant || owners.has(ref.cap_id) ? [] : [{
    ref, name: nameOf(ref), share: labels.get(ref.share_id) ?? ref.share_id, agent: agentOf(ref, known),
    holders: grants.get(ref.cap_id) ?? 0, used: ref.last_redeemed_ms ?? ref.created_ms,
  }]);
}

function agentOf(ref: CapabilityInfo, known: ReadonlyMap<string, CapabilityInfo>): string {
  let at: CapabilityInfo | undefined = ref;
  for (let steps = 0; at && steps < 64; steps++) {
    if (at.share_id === undefined) return at.parent_cap_id === undefined ? '' : nameOf(at);
    at = at.parent_cap_id === undefined ? undefined : known.get(at.parent_cap_id);
  }
  return '';
}

/** Filters and sorts. */
export function chosenLinks(links: readonly LinkRow[], fields: LinkFields, now: number): LinkRow[] {
  const wanted = fields.text.trim().toLowerCase();
  const isWanted = ({ ref, name, share, agent, used }: LinkRow) =>
    (fields.state === '' || ref.state === fields.state) && (fields.agent === '' || agent === fields.agent)
    && (fields.unusedDays === 0 || now - used > fields.unusedDays * DAY)
    && (wanted === '' || `${name}\n${share}\n${ref.cap_id}\n${ref.share_id}`.toLowerCase().includes(wanted));
  const orders: Record<LinkFields['sort'], (a: LinkRow, b: LinkRow) => number> = {
    used: (a, b) => b.used - a.used,
    made: (a, b) => b.ref.created_ms - a.ref.created_ms,
    expires: (a, b) => (a.ref.caveats.expires_at_ms ?? Infinity) - (b.ref.caveats.expires_at_ms ?? Infinity) || 0,
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  };
  return links.filter(isWanted).sort(orders[fields.sort]);
}

/** Whether it can still be taken back. */
export function isUsable({ ref }: LinkRow): boolean {
  return ref.state === 'active' || ref.state === 'suspended';
}
