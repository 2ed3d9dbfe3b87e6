import type { Connection } from './connection.js';
import type { OpPage, PushedPage } from './wire.js';

const MOST_CREDIT = 1_048_576;

/** Pages that a server pushes (SPEC, section 28), within a credit. For one caller at a time. */
export class PageStream {
  readonly #pages: PushedPage[] = [];
  readonly #connection: Connection;
  readonly #number: number;
  readonly #credit: number;
  readonly #stop = new AbortController();
  readonly #end: Promise<OpPage>;
  #cursor: number;
  #used = 0;
  #wake = () => {};

  /**
   * @param subscribe makes the call, which is answered when the subscription ends
   * @param limit the server's limit of credit
   */
  constructor(
    connection: Connection,
    subscribe: (request: object, signal: AbortSignal) => Promise<OpPage>,
    after: number,
    limit: number,
  ) {
    this.#connection = connection;
    this.#cursor = after;
    this.#credit = Math.min(MOST_CREDIT, limit);
    this.#number = connection.onPage((page) => {
      this.#pages.push(page);
      this.#wake();
    });
    const request = { after, credit: this.#credit, subscription: this.#number };
    this.#end = subscribe(request, this.#stop.signal);
    this.#end.catch(() => {}); // whoever takes the next page is told
  }

  /** The cursor of the last page that was taken. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Waits for a page; the last one, without ops, tells how the subscription ended. */
  async next(): Promise<OpPage> {
    if (this.#pages.length === 0) {
      const last = await Promise.race([this.#end, new Promise<void>((resolve) => (this.#wake = resolve))]);
      if (last && this.#pages.length === 0) return last;
    }
    const { bytes, subscription: _, ...page } = this.#pages.shift()!;
    this.#cursor = page.cursor;
    this.#used += bytes;
    if (this.#used >= this.#credit / 2) {
      this.#connection.notify('credit', { subscription: this.#number, bytes: this.#used });
      this.#used = 0;
    }
    return page;
  }

  close(): void {
    this.#connection.offPage(this.#number);
    this.#stop.abort();
  }
}
