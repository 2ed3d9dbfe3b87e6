import { afterEach } from 'vitest';

/**
 * Gives the event loop a turn after each test: vitest's worker waits for an answer of the main process at most a
 * minute, and on a slow machine tests that wait for nothing take longer together.
 */
const later = setImmediate; // before a test fakes it
afterEach(() => new Promise<void>((done) => void later(done)));
