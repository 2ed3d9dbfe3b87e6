import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CapabilityInfo, ShareInfo } from '@sharerpc/client';
import { chosenLinks, isUsable, linksOf, NO_LINK_FIELDS } from '../../../src/viewer/src/admin/links.ts';
import { pageOf } from '../../../src/viewer/src/admin/pager.ts';
import { chosen } from '../../../src/viewer/src/admin/shares-view.ts';
import { TakingBack, undoMs } from '../../../src/viewer/src/admin/taking-back.ts';

const day = 86_400_000;
const now = 100 * day;

function ref(cap_id: string, more: Partial<CapabilityInfo> = {}): CapabilityInfo {
    return {
        cap_id,
        rights: ['read'],
        caveats: {},
        epoch: 1,
        state: 'active',
        created_ms: now - 50 * day,
        live_handles: 0,
        ...more,
    };
}

const share = (share_id: string, more: Partial<ShareInfo> = {}): ShareInfo => ({
    share_id,
    state: 'active',
    cursor: 1,
    created_ms: 0,
    live_handles: 0,
    owner_cap_id: `owner-${share_id}`,
    ...more,
});

const refs = [
    ref('root'),
    ref('laptop', { parent_cap_id: 'root', label: 'laptop' }),
    ref('owner-s1', { parent_cap_id: 'laptop', share_id: 's1' }),
    ref('ana', { parent_cap_id: 'owner-s1', share_id: 's1', label: 'Ana', last_redeemed_ms: now - day }),
    ref('g1', { parent_cap_id: 'ana', share_id: 's1', grant: true }),
    ref('bob', { parent_cap_id: 'owner-s1', share_id: 's1', label: 'Bob', caveats: { expires_at_ms: now + day } }),
    ref('gone', { parent_cap_id: 'owner-s1', share_id: 's1', state: 'revoked' }),
];
const links = linksOf(refs, [share('s1', { label: 'Fix' })]);

describe('links of all shares', () => {
    it('are without owners and grants, and say who has them and which agent made the share', () => {
        expect(links.map(({ name, share: of, agent, holders }) => [name, of, agent, holders])).toEqual([
            ['Ana', 'Fix', 'laptop', 1],
            ['Bob', 'Fix', 'laptop', 0],
            ['Access gone…', 'Fix', 'laptop', 0],
        ]);
        expect(links.filter(isUsable)).toHaveLength(2);
    });

    it('are filtered by text, state, agent and age, and sorted', () => {
        const names = (fields: object) =>
            chosenLinks(links, { ...NO_LINK_FIELDS, ...fields }, now).map(({ ref: { cap_id } }) => cap_id);
        expect(names({ text: 'an' })).toEqual(['ana']);
        expect(names({ state: 'revoked' })).toEqual(['gone']);
        expect(names({ agent: 'other' })).toEqual([]);
        expect(names({ agent: 'laptop', unusedDays: 7, state: 'active' })).toEqual(['bob']);
        expect(names({ sort: 'expires' })[0]).toBe('bob');
        expect(names({})[0]).toBe('ana');
    });
});

it('10,000 shares are filtered and sorted at once, and shown by the page', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => share(`s${at}`, { label: `Session ${at}`, cursor: at }));
    const start = process.cpuUsage();
    const found = chosen(many, 'session', 'active', 'size');
    const { user } = process.cpuUsage(start);
    expect(user / 1000).toBeLessThan(500);
    expect(found[0]!.cursor).toBe(9_999);
    expect(pageOf(found, 0)).toMatchObject({ page: 0, pages: 100, rows: { length: 100 } });
    expect(pageOf(found, 1_000)).toMatchObject({ page: 99 });
    expect(pageOf([], 3)).toMatchObject({ page: 0, pages: 1 });
});

describe('a revocation', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    function taking() {
        const said: string[] = [];
        const call = (name: string) => async (capId: string) => void said.push(`${name} ${capId}`);
        const session = { suspend: call('suspend'), resume: call('resume'), revoke: call('revoke') };
        return { said, taking: new TakingBack(session, (count) => said.push(`done ${count}`)) };
    }

    it('suspends at once and is for good when nobody undoes it', async () => {
        const { said, taking: it } = taking();
        await it.start([
            { capId: 'a', wasSuspended: false },
            { capId: 'b', wasSuspended: true },
        ]);
        expect(said).toEqual(['suspend a']);
        await vi.advanceTimersByTimeAsync(undoMs);
        expect(said).toEqual(['suspend a', 'revoke a', 'revoke b', 'done 2']);
        expect(it.count).toBe(0);
    });

    it('is undone within its time, and leaves suspended what was', async () => {
        const { said, taking: it } = taking();
        await it.start([
            { capId: 'a', wasSuspended: false },
            { capId: 'b', wasSuspended: true },
        ]);
        await it.undo();
        await vi.advanceTimersByTimeAsync(10 * undoMs);
        expect(said).toEqual(['suspend a', 'resume a']);
    });

    it('is for good when the next begins', async () => {
        const { said, taking: it } = taking();
        await it.start([{ capId: 'a', wasSuspended: false }]);
        await it.start([{ capId: 'b', wasSuspended: false }]);
        expect(said).toEqual(['suspend a', 'revoke a', 'done 1', 'suspend b']);
    });
});
