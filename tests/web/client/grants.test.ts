import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { follow, newId, newToken, ShareRpcError, tokenDigest,
  type FollowOptions } from '../../../src/clients/js/src/index.js';
import { page, redeemed, ScriptedServer, type Call } from './scripted.js';

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
let server: ScriptedServer;
afterEach(() => server?.close());

/** A server with one link, which may be opened so many times by its passphrase, and its grants. */
class LinkServer {
  readonly link = newToken(newId()).token;
  readonly grants = new Map<string, { digest: string; isAlive: boolean }>();
  readonly kept = new Map<string, string>();
  readonly asked: string[] = [];
  passphrase: string | undefined;
  uses = 0;
  losesReplies = 0;

  constructor(readonly maxUses = Infinity) {}

  redeem(call: Call, more: object = { page: page(0, 1, { ended: true }) }): void {
    const { token, passphrase, grant } = call.params;
    const found = [...this.grants].find(([, { digest }]) => digest === tokenDigest(token));
    this.asked.push(token === this.link ? 'link' : 'grant');
    if (found) {
      expect(passphrase).toBeUndefined();
      return found[1].isAlive ? call.answer(redeemed({ cap_id: found[0], ...more })) : this.refuseEnded(call);
    }
    if (token !== this.link) return call.refuse('invalid_token', false);
    if (this.passphrase !== undefined && passphrase !== this.passphrase) return call.refuse('passphrase_required',
      false);
    const known = this.grants.get(grant.cap_id);
    if (known && !known.isAlive) return this.refuseEnded(call);
    if (known && known.digest !== grant.token_digest) return call.refuse('id_taken', false);
    if (!known) {
      if (this.uses >= this.maxUses) return call.refuse('capability_used_up', false);
      this.uses++;
      // What was kept has to be what is sent, or the holder of a lost reply does not come back.
      expect(tokenDigest(this.kept.get(this.link.slice(5, 27))!)).toBe(grant.token_digest);
      this.grants.set(grant.cap_id, { digest: grant.token_digest, isAlive: true });
    }
    if (this.losesReplies-- > 0) return call.socket.terminate();
    call.answer(redeemed({ cap_id: grant.cap_id, grant: { cap_id: grant.cap_id, expires_at_ms: 1 }, ...more }));
  }

  endGrants(): void {
    for (const grant of this.grants.values()) grant.isAlive = false;
  }

  async open(options: Partial<FollowOptions> = {}, script = (call: Call) => this.redeem(call)): Promise<string> {
    server?.close();
    server = await ScriptedServer.start(script);
    try {
      for await (const _ of follow(server.address, { ...platform, token: this.link, grants: this.kept, ...options }));
      return 'read';
    } catch (error) {
      if (!(error instanceof ShareRpcError)) throw error;
      return error.code;
    }
  }

  private refuseEnded(call: Call): void {
    call.refuse('capability_revoked', false, { action: 'redeem' });
  }
}

describe('a link that may be opened once', () => {
  test('opens again for who has opened it, and for nobody else', async () => {
    const link = new LinkServer(1);
    expect(await link.open()).toBe('read');
    expect(await link.open()).toBe('read');
    expect(await link.open({ grants: new Map() })).toBe('capability_used_up');
    expect(link.asked).toEqual(['link', 'grant', 'link']);
    expect(link.uses).toBe(1);
  });

  test('opens though the reply to its redemption was lost', async () => {
    const link = new LinkServer(1);
    link.losesReplies = 1;
    expect(await link.open()).toBe('read');
    expect(link.asked).toEqual(['link', 'grant']);
  });

  test('opens though the message was lost on its way there', async () => {
    const link = new LinkServer(1);
    const read = await link.open({}, (call) => (call.connection === 1 ? call.socket.terminate() : link.redeem(call)));
    expect(read).toBe('read');
    expect(link.asked).toEqual(['grant', 'link']);
    expect(server.redemptions[0].grant).toEqual(server.redemptions[2].grant);
  });

  test('says that it is used up once its grant has been taken back', async () => {
    const link = new LinkServer(1);
    const ended: string[] = [];
    const code = await link.open({ onGrantEnded: (error) => ended.push(error.code) }, (call) => {
      if (call.method === 'redeemShare') return link.redeem(call, { page: page(0, 1) });
      link.endGrants();
      call.refuse('capability_revoked', false, { action: 'redeem' });
    });
    expect(code).toBe('capability_used_up');
    expect(ended).toEqual(['capability_revoked', 'capability_revoked']);
    expect(link.asked).toEqual(['link', 'grant', 'link']);
    expect(link.kept.size).toBe(0);
  });
});

describe('a link with a passphrase', () => {
  test('needs it no second time until the grant ends', async () => {
    const link = new LinkServer();
    link.passphrase = 'x';
    expect(await link.open()).toBe('passphrase_required');
    expect(await link.open({ passphrase: 'x' })).toBe('read');
    expect(await link.open()).toBe('read');
    link.endGrants();
    expect(await link.open()).toBe('passphrase_required');
    expect(await link.open({ passphrase: 'x' })).toBe('read');
    expect(link.uses).toBe(2);
  });

  test('is not opened by what was typed before when its grant is taken back while it is open', async () => {
    const link = new LinkServer();
    link.passphrase = 'x';
    const code = await link.open({ passphrase: 'x' }, (call) => {
      if (call.method === 'redeemShare') return link.redeem(call, { page: page(0, 1) });
      link.endGrants();
      call.refuse('capability_revoked', false, { action: 'redeem' });
    });
    expect(code).toBe('passphrase_required');
  });
});

test('the grant that another tab has got meanwhile is used', async () => {
  const link = new LinkServer(2);
  await link.open();
  link.endGrants();
  const read = await link.open({}, (call) => {
    if (server.redemptions.length === 1) {
      const { token, digest } = newToken(newId());
      link.kept.set(link.link.slice(5, 27), token);
      link.grants.set(token.slice(5, 27), { digest, isAlive: true });
    }
    link.redeem(call);
  });
  expect(read).toBe('read');
  expect(link.asked).toEqual(['link', 'grant', 'grant']);
  expect(link.kept.size).toBe(1);
});

test('a link that needs no grant leaves none behind', async () => {
  const link = new LinkServer();
  const code = await link.open({}, (call) => call.answer(redeemed({ page: page(0, 1, { ended: true }) })));
  expect(code).toBe('read');
  expect(link.kept.size).toBe(0);
});

test('an id that is taken is given up for a fresh one, once', async () => {
  const link = new LinkServer();
  const code = await link.open({}, (call) =>
    server.redemptions.length === 1 ? call.refuse('id_taken', false) : link.redeem(call));
  expect(code).toBe('read');
  expect(server.redemptions[0].grant.cap_id).not.toBe(server.redemptions[1].grant.cap_id);
  expect(await link.open({ grants: new Map() }, (call) => call.refuse('id_taken', false))).toBe('id_taken');
});

test('a link that is revoked says so, whatever became of its grant', async () => {
  const link = new LinkServer();
  await link.open();
  link.endGrants();
  const code = await link.open({}, (call) =>
    call.params.token === link.link ? call.refuse('capability_revoked', false, { action: 'stop' }) : link.redeem(call));
  expect(code).toBe('capability_revoked');
});
