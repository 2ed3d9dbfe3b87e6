import { inSlices, type Steps } from '../text/slices.ts';

/** Work that goes on over frames, once at a time for an id. */
export class PageWork {
  private readonly running = new Map<string, () => void>();
  private readonly waiting = new Map<string, Steps<unknown>>();

  /** `changed`: draws again after work that did not end at once. */
  constructor(private readonly changed: () => void) {}

  start<T>(id: string, steps: Steps<T>, done: (result: T) => void = () => {}): void {
    if (this.running.has(id)) return;
    let isDone = false;
    const stop = inSlices(steps, (result) => {
      isDone = true;
      done(result);
      if (this.running.delete(id)) this.changed();
    });
    if (!isDone) this.running.set(id, stop);
  }

  /** Does one such work after another, the first behind what the page draws now. */
  queue(id: string, steps: Steps<unknown>): void {
    if (this.running.has(id) || this.waiting.has(id)) return;
    this.waiting.set(id, steps);
    if (this.waiting.size === 1) setTimeout(() => this.next());
  }

  private next(): void {
    const [first] = this.waiting;
    if (!first || this.running.has(first[0])) return;
    const [id, steps] = first;
    this.running.set(id, () => {});
    const stop = inSlices(steps, () => {
      this.running.delete(id);
      this.waiting.delete(id);
      this.changed();
      setTimeout(() => this.next());
    });
    if (this.waiting.has(id)) this.running.set(id, stop);
  }

  stop(id: string): void {
    this.running.get(id)?.();
    this.running.delete(id);
  }

  stopAll(): void {
    this.waiting.clear();
    for (const id of [...this.running.keys()]) this.stop(id);
  }
}
