// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Frames } from '../../../src/viewer/src/viewer/page/frames.ts';

const drawMs = 40;
let draws: number[] = [];
let paints: (() => void)[] = [];

beforeEach(() => {
  draws = [];
  paints = [];
  vi.useFakeTimers();
  // The message comes after the paint of the frame, in which it was posted.
  vi.stubGlobal('MessageChannel', class {
    readonly port1: { onmessage?: () => void } = {};
    readonly port2 = { postMessage: () => paints.push(() => this.port1.onmessage?.()) };
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function dearFrames(): Frames {
  return new Frames(() => {
    draws.push(performance.now());
    vi.advanceTimersByTime(drawMs);
  });
}

function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  for (const painted of paints.splice(0)) painted();
}

it('what comes over the network waits twice as long as the last frame took', () => {
  const frames = dearFrames();
  frames.received();
  pass(20);
  expect(draws).toHaveLength(1);
  frames.received();
  frames.received();
  pass(2 * drawMs - 5);
  expect(draws).toHaveLength(1);
  pass(30);
  expect(draws).toHaveLength(2);
});

it('what the reader does is drawn in the next frame, with what waits', () => {
  const frames = dearFrames();
  frames.received();
  pass(20);
  frames.received();
  frames.changed();
  pass(17);
  expect(draws).toHaveLength(2);
  pass(200);
  expect(draws).toHaveLength(2);
});
