/** Computes retry delays: exponential with full jitter, at least the server's delay. */
export class Backoff {
  #failures = 0;

  /** `first`, `last`: ceilings in milliseconds. */
  constructor(
    private readonly first = 100,
    private readonly last = 15_000,
    private readonly random: () => number = Math.random,
  ) {}

  get failures(): number {
    return this.#failures;
  }

  next(atLeastMs = 0): number {
    const ceiling = Math.min(this.last, this.first * 2 ** Math.min(this.#failures++, 20));
    return Math.max(atLeastMs, this.random() * ceiling);
  }

  reset(): void {
    this.#failures = 0;
  }
}
