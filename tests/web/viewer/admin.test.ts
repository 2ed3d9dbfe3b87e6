import { describe, expect, test } from 'vitest';
import type { CapabilityInfo, ShareInfo } from '@sharerpc/client';
import { filterOf, NO_FIELDS, type AuditFields } from '../../../src/viewer/src/admin/audit-view.ts';
import { findHolder, reachOf, sayCaveats, sayReach, treeOf,
  withDescendants } from '../../../src/viewer/src/admin/holders.ts';
import { caveatsOf } from '../../../src/viewer/src/admin/invitation.ts';
import { credentialsIn } from '../../../src/viewer/src/admin/session.ts';
import { chosen } from '../../../src/viewer/src/admin/shares-view.ts';

const TOKEN = 'srpc_1xrtFHuR7FV1FHzPRyqmGO_o9zZCmN2SwcRZG3Sg76A3JrYXry9yHqMi1TgSMJOHZp_3di6ls';

function ref(id: string, parent?: string, more: Partial<CapabilityInfo> = {}): CapabilityInfo {
  const of = parent === undefined ? {} : { parent_cap_id: parent };
  return { cap_id: id, ...of, rights: ['read'], caveats: {}, epoch: 1, state: 'active', created_ms: 0, live_handles: 0,
    ...more };
}

describe('holders', () => {
  test('are a tree, whatever their order; a parent out of sight makes a root', () => {
    const roots = treeOf([ref('c', 'b'), ref('a', 'unseen'), ref('b', 'a'), ref('d', 'a')]);
    expect(roots.map((root) => root.ref.cap_id)).toEqual(['a']);
    expect(withDescendants(findHolder(roots, 'b')!).map((each) => each.cap_id)).toEqual(['b', 'c']);
    expect(findHolder(roots, 'x')).toBeUndefined();
  });

  test('that are dead already are not cut off once more', () => {
    const refs = [
      ref('a', undefined, { live_handles: 2 }),
      ref('b', 'a', { state: 'revoked', live_handles: 1 }),
      ref('c', 'a', { state: 'suspended' }),
    ];
    expect(reachOf(refs)).toEqual({ accesses: 2, live: 2 });
    expect(sayReach(reachOf(refs))).toBe('2 accesses, 2 connected now');
    expect(sayReach({ accesses: 1, live: 0 })).toBe('1 access, nobody connected now');
  });

  test('have their caveats said in words', () => {
    expect(sayCaveats({ max_uses: 3, redact: ['tools', 'files'], max_ops_per_day: 1 }, 2)).toEqual([
      '2 of 3 uses used',
      'without tools, files',
      '1 op a day',
    ]);
    expect(sayCaveats({})).toEqual([]);
  });
});

test('an invitation has the caveats that were asked for, and no others', () => {
  const plain = { label: '', rights: ['read' as const], redact: [], lifetimeMs: undefined, maxUses: undefined,
    passphrase: '' };
  expect(caveatsOf(plain, 1000)).toEqual({});
  expect(caveatsOf({ ...plain, lifetimeMs: 500, maxUses: 1, redact: ['files'] }, 1000)).toEqual({
    expires_at_ms: 1500,
    max_uses: 1,
    redact: ['files'],
  });
});

test('a token, or a link of this server, signs in; anything else is refused without being repeated', () => {
  expect(credentialsIn(` ${TOKEN}\n`, 'https://a.example')).toEqual({ token: TOKEN, isLink: false });
  const link = `https://a.example/x/s/1bebyMS5Cj5k7Tbt2Amytz#${TOKEN}`;
  expect(credentialsIn(link, 'https://a.example/x')).toEqual({ token: TOKEN, isLink: true });
  expect(() => credentialsIn(`https://b.example/s/1bebyMS5Cj5k7Tbt2Amytz#${TOKEN}`, 'https://a.example'))
    .toThrow('of another server');
  expect(() => credentialsIn(TOKEN.slice(1), 'https://a.example')).toThrow(/^This is neither a token nor a link/);
});

test('shares are chosen by name, id and state, the latest activity first', () => {
  const share = (id: string, label: string, at: number, state: ShareInfo['state'] = 'active') =>
    ({ share_id: id, label, state, cursor: 1, created_ms: 0, last_append_ms: at, live_handles: 0,
      owner_cap_id: 'o' }) satisfies ShareInfo;
  const shares = [share('id1', 'Fix the build', 1), share('id2', 'Tidy up', 2), share('id3', 'Fix it', 3, 'ended')];
  expect(chosen(shares, 'fix', '').map((each) => each.share_id)).toEqual(['id3', 'id1']);
  expect(chosen(shares, ' ID2 ', '').map((each) => each.share_id)).toEqual(['id2']);
  expect(chosen(shares, '', 'active').map((each) => each.share_id)).toEqual(['id2', 'id1']);
});

test('what is typed into the audit page becomes what the server is asked for', () => {
  const named = [
    { id: 'capOfAna000000000000000', label: 'Ana', isShare: false },
    { id: 'capOfAnabel00000000000', label: 'Anabel', isShare: false },
    { id: 'shareOne00000000000000', label: 'Fix the build', isShare: true },
  ];
  const asked = (fields: Partial<AuditFields>) => filterOf({ ...NO_FIELDS, ...fields }, named);
  expect(asked({})).toEqual({});
  expect(asked({ action: 'revoke', address: ' 192.0.2.1 ', code: 'invalid_token' })).toEqual({
    action: 'revoke', address: '192.0.2.1', code: 'invalid_token',
  });
  expect(asked({ who: 'ana' })).toEqual({ cap_id: 'capOfAna000000000000000' });
  expect(asked({ who: 'anab' })).toEqual({ cap_id: 'capOfAnabel00000000000' });
  expect(asked({ who: 'capOfAnabel' })).toEqual({ cap_id: 'capOfAnabel00000000000' });
  expect(asked({ who: 'the build' })).toEqual({ shareId: 'shareOne00000000000000' });
  expect(asked({ who: '1bebyMS5Cj5k7Tbt2Amytz' })).toEqual({ cap_id: '1bebyMS5Cj5k7Tbt2Amytz' });
  expect(() => asked({ who: 'an' })).toThrow('2 names fit');
  expect(() => asked({ who: 'nobody' })).toThrow('Nothing here has');
  const since = new Date('2026-11-30T08:00').getTime();
  expect(asked({ since: '2026-11-30T08:00', until: '2026-11-30T09:00' })).toEqual({
    since_ms: since, until_ms: since + 3_600_000,
  });
  expect(asked({ since: 'nonsense' })).toEqual({});
  expect(() => asked({ since: '2026-11-30T09:00', until: '2026-11-30T08:00' })).toThrow('after the second');
});
