import { inSlices, type Steps } from '../text/slices.ts';

/** Work that goes on over frames, once at a time for an id. */
export class PageWork {
  private readonly running = new Map<string, () => void>();

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

  stop(id: string): void {
    this.running.get(id)?.();
    this.running.delete(id);
  }

  stopAll(): void {
    for (const id of [...this.running.keys()]) this.stop(id);
  }
}
