// A proxy that cuts connections after a number of bytes, in either direction.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class CuttingProxy {
  #state;
  #sockets = new Set();

  constructor(server, cuts, seed) {
    this.target = new URL(server);
    this.cutsLeft = cuts;
    this.#state = seed >>> 0;
  }

  static async start(server, cuts, seed) {
    const proxy = new CuttingProxy(server, cuts, seed);
    proxy.listener = createServer((socket) => proxy.#accept(socket)).listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  get address() {
    return `http://127.0.0.1:${this.listener.address().port}`;
  }

  close() {
    this.listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket) {
    const upstream = connect(Number(this.target.port || 80), this.target.hostname);
    // Enough for the upgrade, mostly; then anywhere in what follows.
    let left = this.cutsLeft > 0 ? 400 + (this.#next() % 3000) : Infinity;
    const cut = () => {
      if (left <= 0 && Number.isFinite(left)) this.cutsLeft--;
      socket.destroy();
      upstream.destroy();
    };
    for (const [from, to] of [[socket, upstream], [upstream, socket]]) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        const part = bytes.subarray(0, Math.min(bytes.length, left));
        left -= bytes.length;
        if (left > 0) to.write(part);
        else to.write(part, cut);
      });
    }
  }

  #next() {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state >>> 8;
  }
}
