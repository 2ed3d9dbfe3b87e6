/** How many times as long as the last frame took what is received waits. */
const restTimes = 2;

/**
 * Draws what has changed, once a frame. After a frame that took long (script, layout and paint) what comes over the
 * network waits twice as long: drawing it takes at most a third of the page's time however fast it comes.
 */
export class Frames {
  private isRequested = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private begun = 0;
  /** When the next ops may be drawn, in ms of `performance.now()`. */
  private restsUntil = 0;
  private readonly afterPaint = new MessageChannel();

  constructor(private readonly draw: () => void) {
    this.afterPaint.port1.onmessage = () => {
      const now = performance.now();
      this.restsUntil = now + restTimes * (now - this.begun);
    };
  }

  /** Draws in the next frame: what the reader did. */
  readonly changed = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isRequested) return;
    this.isRequested = true;
    requestAnimationFrame(() => {
      this.isRequested = false;
      this.begun = performance.now();
      this.draw();
      this.afterPaint.port2.postMessage(undefined);
    });
  };

  /** Draws as soon as the page has rested: what others did. */
  readonly received = (): void => {
    if (this.isRequested || this.timer !== undefined) return;
    const rest = this.restsUntil - performance.now();
    if (rest > 0) this.timer = setTimeout(this.changed, rest);
    else this.changed();
  };
}
