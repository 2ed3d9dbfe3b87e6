import DOMPurify from 'dompurify';
import { inSlices, type Steps } from './slices.ts';
import workerAddress from './colouring.worker.ts?worker&url';

/** Code longer than this stays plain. */
const maxChars = 60_000;
/** Colouring takes time that grows with the square of some texts: what takes longer than this, in ms, stays plain. */
const maxTime = 1_500;
/** Blocks beyond these that wait to be coloured stay plain. */
const maxWaiting = 1_000;

/**
 * Colours a block of code where it stands, a chunk of lines in each element. The work is done in a worker, which the
 * first code block of a page starts, so that no text can hold up the page. The result is cleaned like everything else
 * that becomes HTML here.
 */
export function highlight(elements: readonly HTMLElement[], code: string, language: string): void {
  if (language === '' || code.length > maxChars || typeof Worker === 'undefined' || workerAddress === '') return;
  colouring.colour(code, language, (chunks) => {
    if (chunks.length === elements.length) inSlices(colour(elements, chunks), () => {});
  });
}

function* colour(elements: readonly HTMLElement[], chunks: readonly string[]): Steps<void> {
  for (const [at, element] of elements.entries()) {
    element.replaceChildren(DOMPurify.sanitize(
      chunks[at]!, { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true }));
    yield;
  }
}

interface Task {
  code: string;
  language: string;
  done(chunks: readonly string[]): void;
}

/** Gives a worker one block at a time, and ends it when a block takes too long. */
class Colouring {
  private worker: Worker | undefined;
  private readonly waiting: Task[] = [];
  private current: Task | undefined;
  private number = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  colour(code: string, language: string, done: (chunks: readonly string[]) => void): void {
    if (this.waiting.length >= maxWaiting) return;
    this.waiting.push({ code, language, done });
    if (!this.current) this.next();
  }

  private next(): void {
    clearTimeout(this.timer);
    this.current = this.waiting.shift();
    if (!this.current) return;
    const worker = (this.worker ??= this.start());
    const { code, language } = this.current;
    worker.postMessage([++this.number, code, language]);
    this.timer = setTimeout(() => this.end(), maxTime);
  }

  private start(): Worker {
    const worker = new Worker(trusted(workerAddress), { type: 'module' });
    worker.addEventListener('message', ({ data: [number, chunks] }: MessageEvent<[number, string[] | undefined]>) => {
      if (number !== this.number || !this.current) return;
      if (chunks !== undefined) this.current.done(chunks);
      this.next();
    });
    // Offline, or an older page than the server: code is readable without colours.
    worker.addEventListener('error', () => this.end());
    return worker;
  }

  private end(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.next();
  }
}

/** The page's policy lets no text become the address of a script, but this one. */
function trusted(address: string): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } }).trustedTypes;
  policy ??= types?.createPolicy('sharerpc-worker', {
    createScriptURL: (text: string) => {
      if (text !== workerAddress) throw new TypeError('Not the worker of this page.');
      return text;
    },
  });
  return policy?.createScriptURL(address) ?? address;
}

interface Policy {
  createScriptURL(text: string): string;
}

let policy: Policy | undefined;
const colouring = new Colouring();
