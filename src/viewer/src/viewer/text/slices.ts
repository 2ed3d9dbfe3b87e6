/** Work in steps, each short, with a result at the end. */
export type Steps<T> = Generator<void, T>;

/** In ms. */
const sliceMs = 12;

/** All elements together are made for so long in a frame, in ms, and further ones in the next. */
const elementsMs = 8;
export const frameMs = 16;
let sliceEnd = 0;

/** Returns until when elements may be made in this frame. */
export function sliceNow(): number {
  const now = performance.now();
  if (now > sliceEnd + frameMs - elementsMs) sliceEnd = now + elementsMs;
  return sliceEnd;
}

/** Does all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Does as many steps at once as take a slice of a frame, and the others in later slices, so that the page can draw
 * between them. Calls `done` at once if one slice is enough. Returns what stops it.
 */
export function inSlices<T>(steps: Steps<T>, done: (result: T) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const goOn = () => {
    const until = performance.now() + sliceMs;
    for (;;) {
      const step = steps.next();
      if (step.done) return done(step.value);
      if (performance.now() >= until) break;
    }
    timer = setTimeout(goOn);
  };
  goOn();
  return () => clearTimeout(timer);
}
