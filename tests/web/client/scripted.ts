import { WebSocketServer, WebSocket } from 'ws';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface Call {
  id: number;
  method: string;
  params: any;
  socket: WebSocket;
  /** Which connection it came on, from 1. */
  connection: number;
  answer(result: unknown): void;
  refuse(code: string, transient: boolean, more?: object): void;
}

/** A server of which the test plays every answer. A call that the script leaves alone is never answered. */
export class ScriptedServer {
  readonly calls: Call[] = [];
  readonly notices: { method: string; params: any }[] = [];
  onNotice: (notice: { method: string; params: any }) => void = () => {};
  connections = 0;
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/rpc' });

  private constructor(script: (call: Call) => void) {
    this.#server.on('connection', (socket) => {
      const connection = ++this.connections;
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.id === undefined) {
          this.notices.push(message);
          this.onNotice(message);
          return;
        }
        const call: Call = {
          ...message, method: message.method.replace(/^\$\/invokeProxy\/\d+\//, ''), socket, connection,
          answer: (result) => socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result })),
          refuse: (code, transient, more) => socket.send(JSON.stringify(
            { jsonrpc: '2.0', id: message.id, error: { code: -32000, message: code,
              data: { code, transient, ...more } } })),
        };
        this.calls.push(call);
        script(call);
      });
    });
  }

  static async start(script: (call: Call) => void): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    await once(server.#server, 'listening');
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The `params` of every redemption so far. */
  get redemptions(): any[] {
    return this.calls.filter(({ method }) => method === 'redeemShare').map(({ params }) => params);
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }
}

/** What a redemption answers. */
export function redeemed(more: object = {}) {
  return { share: { handle: 1 }, share_id: 's', cap_id: 'c', rights: ['read'], caveats: {}, epoch: 1, cursor: 0,
    limits: {}, ...more };
}

export function op(cursor: number) {
  return { cursor, op_id: `o${cursor}`, verb: 'put', kind: 'note', key: `${cursor}`, data: {}, actor: 'c', time_ms: 0,
    schema_version: 1 };
}

/** Pushes a page to a subscription, as if its ops had so many bytes. */
export function push(call: Call, after: number, to: number, bytes = 0): void {
  const params = { subscription: call.params.subscription, bytes, ...page(after, to) };
  call.socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'page', params }));
}

/** A page of the ops from one cursor up to another. */
export function page(after: number, to: number, more: object = {}) {
  const ops = Array.from({ length: to - after }, (_, i) => op(after + 1 + i));
  return { ops, cursor: to, head: to, ...more };
}
