import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  capIdOf, newId, newOpId, newToken, PlainWriter, ShareFollower, ShareRpcError, tokenDigest, type FollowerOptions,
} from '../../../src/clients/js/src/index.js';
import { page } from './scripted.js';

interface Asked {
  call: string;
  token: string;
  body?: any;
}

type Script = (asked: Asked, answer: (result: unknown, status?: number) => void) => void;

/** A server, or a proxy before it, that passes plain requests and no WebSocket. */
class PlainServer {
  readonly asked: Asked[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Ends when a caller leaves without its answer. */
  readonly left: Promise<void>;
  #leave!: () => void;

  private constructor(private readonly script: Script) {
    this.left = new Promise((resolve) => (this.#leave = resolve));
  }

  static async start(script: Script, hangs = false): Promise<PlainServer> {
    const started = new PlainServer(script);
    if (hangs) started.#server.on('upgrade', () => {});
    started.#server.listen(0, '127.0.0.1');
    await once(started.#server, 'listening');
    return started;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/base`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => { if (!response.writableEnded) this.#leave(); });
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (!request.url!.startsWith('/base/v1/')) {
      response.writeHead(404).end('<html>');
      return;
    }
    const token = request.headers.authorization!.replace('Bearer ', '');
    const asked = { call: request.url!.slice('/base/v1/'.length), token, ...(body && { body: JSON.parse(body) }) };
    this.asked.push(asked);
    this.script(asked, (result, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' })
        .end(typeof result === 'string' ? result : JSON.stringify(result)));
  }
}

let server: PlainServer;
afterEach(() => server.close());

const link = newToken(newId()).token;
const docs = [{ kind: 'note', key: 'a', cursor: 1, data: {} }];

interface Followed {
  happened: string[];
  reason: 'ended' | ShareRpcError;
}

function follow(options: Partial<FollowerOptions> = {}): Promise<Followed> {
  const happened: string[] = [];
  return new Promise((resolve) => new ShareFollower(server.address, {
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, token: link,
    onPolling: (isPolling) => happened.push(`polling ${isPolling}`),
    onRedeemed: ({ shareId }) => happened.push(`redeemed ${shareId}`),
    onDocs: (found) => happened.push(`docs ${found.map(({ key }) => key)}`),
    onOps: (ops) => happened.push(`ops ${ops.map(({ cursor }) => cursor)}`),
    onEnd: (reason) => resolve({ happened, reason }),
    ...options,
  }).start());
}

/** Answers as a share of two ops that ends at its third. */
function ofShare({ call }: Asked, answer: (result: unknown, status?: number) => void): void {
  if (call.startsWith('shares/S/state')) answer({ docs, cursor: 1 });
  else if (call.startsWith('shares/S/ops?after=9007')) answer({ ops: [], cursor: 2, head: 2 });
  else if (call.startsWith('shares/S/ops?after=1&wait_ms=')) answer(page(1, 3, { ended: true }));
  else answer({ code: 'not_found', transient: false }, 404);
}

describe('where no WebSocket gets through', () => {
  const upgrades: [string, boolean][] = [['is refused', false], ['is never answered', true]];

  test.each(upgrades)('a link is read by plain requests: the upgrade %s', async (_, hangs) => {
    server = await PlainServer.start((asked, answer) => {
      if (asked.call === 'grants') answer({ share_id: 'S' });
      else ofShare(asked, answer);
    }, hangs);
    const { happened, reason } = await follow({ ...(hangs && { marginMs: 2_000 }) });
    expect(happened).toEqual(['redeemed S', 'polling true', 'docs a', 'ops 2,3']);
    expect(reason).toBe('ended');
    expect(new Set(server.asked.map(({ token }) => token))).toEqual(new Set([link]));
    const calls = ['grants', 'limit=1', 'state', 'wait_ms=20000'];
    expect(server.asked.map(({ call }) => call)).toEqual(calls.map((call) => expect.stringContaining(call)));
  });

  test('it is told what the link hides, and at once whether a writer is here', async () => {
    const told: unknown[] = [];
    server = await PlainServer.start((asked, answer) => {
      const { call } = asked;
      if (call === 'grants') answer({ share_id: 'S', rights: ['read'], caveats: { redact: ['tools'] } });
      else if (call === 'shares/S/ops?after=1&wait_ms=0') answer({ ops: [], cursor: 1, head: 1, writing: true });
      else ofShare(asked, answer);
    });
    await follow({ onRedeemed: ({ caveats }) => told.push(caveats), onWriting: (isWriting) => told.push(isWriting) });
    expect(told).toEqual([{ redact: ['tools'] }, true, false]);
  });

  test('a counted or locked link is read by a grant, and by the same one later', async () => {
    server = await PlainServer.start((asked, answer) => {
      const { call, token, body } = asked;
      if (call === 'grants' && token === link) answer({ share_id: 'S', cap_id: body.cap_id, expires_at_ms: 1 });
      else if (call === 'grants') answer({ share_id: 'S' });
      else if (token === link) answer({ code: 'passphrase_required', transient: false, action: 'ask' }, 403);
      else ofShare(asked, answer);
    });
    const grants = new Map<string, string>();
    await follow({ grants, passphrase: 'e\u0301' });
    const kept = grants.get(capIdOf(link)!)!;
    const grant = { cap_id: capIdOf(kept), token_digest: tokenDigest(kept) };
    expect(server.asked[0]!.body).toEqual({ ...grant, passphrase: '\u00e9' });
    expect(new Set(server.asked.slice(1).map(({ token }) => token))).toEqual(new Set([kept]));
    server.asked.length = 0;
    expect((await follow({ grants })).reason).toBe('ended');
    expect(new Set(server.asked.map(({ token }) => token))).toEqual(new Set([kept]));
  });

  test('ops are appended by plain requests, again after no answer', async () => {
    let times = 0;
    const op = { op_id: newOpId(), verb: 'put' as const, kind: 'note', key: 'a', data: {} };
    server = await PlainServer.start((asked, answer) => {
      if (asked.call === 'grants') answer({ share_id: 'S' });
      else if (asked.call !== 'shares/S/ops') ofShare(asked, answer);
      else if (++times === 1) answer('<html>Bad gateway</html>', 502);
      else answer({ cursor: 1, applied: [{ op_id: op.op_id, cursor: 1 }], duplicates: [], rejected: [] });
    });
    const writer = new PlainWriter(server.address, {
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, token: link,
    });
    expect(await writer.append([op])).toEqual([{ op_id: op.op_id, outcome: 'applied', cursor: 1 }]);
    writer.close();
    const [first, second] = server.asked.filter(({ call }) => call === 'shares/S/ops').map(({ body }) => body);
    expect(second).toEqual(first);
    expect(first.ops).toEqual([op]);
  });

  test('a refusal is final, and the page of a proxy is not', async () => {
    let times = 0;
    server = await PlainServer.start((_asked, answer) => {
      if (++times === 1) answer('<html>Bad gateway</html>', 502);
      else answer({ code: 'capability_revoked', transient: false, action: 'stop' }, 403);
    });
    const { reason, happened } = await follow();
    expect((reason as ShareRpcError).code).toBe('capability_revoked');
    expect(happened).toEqual([]);
    expect(times).toBe(2);
  });

  test('a read that waits ends when the follower is stopped', async () => {
    const stop = new AbortController();
    server = await PlainServer.start((asked, answer) => {
      if (asked.call === 'grants') answer({ share_id: 'S' });
      else if (asked.call.includes('wait_ms')) stop.abort();
      else ofShare(asked, answer);
    });
    let hasEnded = false;
    void follow({ signal: stop.signal }).then(() => (hasEnded = true));
    await server.left;
    expect(hasEnded).toBe(false);
    expect(server.asked).toHaveLength(4);
  });
});
