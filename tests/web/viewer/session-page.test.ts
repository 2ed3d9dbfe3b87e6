// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DocumentStore, type Doc } from '../../../src/viewer/src/viewer/documents.ts';
import { Preferences } from '../../../src/viewer/src/viewer/page/preferences.ts';
import { SessionPage } from '../../../src/viewer/src/viewer/page/session-page.ts';

const frameMs = 16;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} });
  vi.stubGlobal('CSS', {});
  // A window in which all rows are in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(10_000);
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {} }));
});

afterEach(() => {
  Shown.last?.page.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A page that draws a frame after it is asked to, as the App does. */
class Shown {
  static last: Shown | undefined;
  readonly root = document.createElement('div');
  readonly store = new DocumentStore();
  readonly page: SessionPage;
  private frame: ReturnType<typeof setTimeout> | undefined;
  private status: 'live' | 'catching_up' = 'live';
  /** How many places the server tells of. */
  onServer: number | undefined;

  constructor() {
    Shown.last?.page.close();
    Shown.last = this;
    document.body.replaceChildren(this.root);
    this.page = new SessionPage(this.root, this.store, new Preferences(), {
      changed: () => this.changed(), permalink: ({ message, line }) => (line ? `#l-${line}` : `#m-${message}`),
      sessionAddress: () => undefined, shareId: () => 's',
      link: () => undefined, countOnServer: () => Promise.resolve(this.onServer),
    });
    this.draw();
  }

  /** Draws as while the session is loaded. */
  load(...docs: Doc[]): void {
    this.status = 'catching_up';
    this.put(...docs);
  }

  finish(): void {
    this.status = 'live';
    this.changed();
  }

  enter(): void {
    this.root.querySelector('#search')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  }

  put(...docs: Doc[]): void {
    this.store.putDocs(docs, Math.max(0, ...docs.map(({ cursor }) => cursor)));
    this.changed();
  }

  press(key: string): void {
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  }

  search(text: string): void {
    this.press('/');
    vi.advanceTimersByTime(2 * frameMs);
    this.type(text);
  }

  type(text: string): void {
    const field = this.root.querySelector<HTMLInputElement>('#search')!;
    field.value = text;
    field.dispatchEvent(new Event('input'));
  }

  get found(): string {
    return this.root.querySelector('.search-count')!.textContent!;
  }

  get target(): string | undefined {
    return this.root.querySelector<HTMLElement>('.is-target')?.dataset.row;
  }

  get outline(): string[] {
    return [...this.root.querySelectorAll('.outline-text')].map((link) => link.textContent!);
  }

  get text(): string {
    return this.root.textContent!.replace(/\s+/g, ' ');
  }

  private changed(): void {
    this.frame ??= setTimeout(() => this.draw(), frameMs);
  }

  get said(): string {
    return this.root.querySelector('.status')!.textContent!;
  }

  draw(status = this.status): void {
    this.frame = undefined;
    this.page.draw(status, {});
  }
}

let cursor = 0;
const doc = (kind: string, key: string, data: object): Doc => ({ kind, key, cursor: ++cursor, data }) as Doc;
const message = (id: string, role: string, created: number, more: object = {}) =>
  doc('message', id, { id, role, time: { created }, ...more });
const part = (id: string, messageID: string, text: string) => doc('part', id, { id, messageID, type: 'text', text });

/** What arrives, in the order of the log; later versions of a document come after the earlier ones. */
const arrivals = (): Doc[] => [
  doc('session', 's', { title: 'T' }), message('m1', 'user', 1), part('p1', 'm1', ''),
    part('p1', 'm1', 'Is the needle here?'),
  message('m2', 'assistant', 2, { agent: 'build' }), part('p2', 'm2', 'I look.'), part('p2', 'm2', 'I look. A needle!'),
  message('m2', 'assistant', 2, { agent: 'plan', time: { created: 2, completed: 5000 }, finish: 'stop' }),
  doc('part', 'p3', { id: 'p3', messageID: 'm2', type: 'tool', tool: 'edit',
    state: { status: 'completed', output: 'needle' } }),
  message('m3', 'user', 6000), part('p4', 'm3', 'Thanks'), message('m4', 'assistant', 7000),
    part('p5', 'm4', 'Any time.'),
];

/** Numbers from a seed, for orders that are different and come again. */
function numbers(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

describe('a search', () => {
  it('says what it found when the documents come after the query', () => {
    const shown = new Shown();
    shown.search('needle');
    vi.advanceTimersByTime(60_000);
    expect(shown.found).toBe('Nothing found');
    shown.put(...arrivals());
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('1 of 3');
    expect(shown.target).toBe('u:m1');
  });

  it('finds a text that grows to hold the query, and a document that goes is found no more', () => {
    const shown = new Shown();
    shown.put(message('m', 'user', 1), part('p', 'm', 'nee'));
    shown.search('needle');
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('Nothing found');
    const grown = { verb: 'append', kind: 'part', key: 'p', data: { field: 'text', text: 'dle' } };
    const common = { op_id: 'o', actor: 'a', time_ms: 0, schema_version: 1 };
    shown.store.applyOps([{ ...grown, ...common, cursor: ++cursor } as never], cursor);
    shown.put();
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('1 of 1');
    shown.store.applyOps([{ ...common, verb: 'remove', kind: 'part', key: 'p', cursor: ++cursor } as never], cursor);
    shown.put();
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('Nothing found');
  });

  it('shows nothing while it has not been answered, and is answered by Enter at once', () => {
    const shown = new Shown();
    shown.put(...arrivals());
    vi.advanceTimersByTime(1_000);
    shown.search('needle');
    vi.advanceTimersByTime(2 * frameMs);
    expect(shown.found).toBe('');
    shown.root.querySelector('#search')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    vi.advanceTimersByTime(2 * frameMs);
    expect(shown.found).toBe('1 of 3');
  });

  it('keeps the place that it shows while others are found before it', () => {
    const shown = new Shown();
    const [early, ...late] = [message('m0', 'user', 0), ...arrivals()];
    shown.put(...late);
    shown.search('needle');
    vi.advanceTimersByTime(1_000);
    shown.put(early!, part('p0', 'm0', 'A needle before'));
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('2 of 4');
    expect(shown.target).toBe('u:m1');
  });

  it('takes nobody away who has gone on reading', () => {
    const shown = new Shown();
    shown.search('needle');
    vi.advanceTimersByTime(1_000);
    shown.root.querySelector('.scroller')!.dispatchEvent(new Event('wheel'));
    shown.put(...arrivals());
    vi.advanceTimersByTime(1_000);
    expect(shown.found).toBe('3');
    expect(shown.target).toBeUndefined();
  });

  it('waits for the hit behind the last one that is loaded, and goes there', async () => {
    const shown = new Shown();
    shown.onServer = 3;
    const all = arrivals();
    shown.load(...all.slice(0, 4));
    shown.search('needle');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shown.found).toBe('1 of 1, 3 in the whole session');
    shown.enter();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shown.found).toBe('1 of 1, 3 in the whole session, the next one is loading');
    expect(shown.target).toBe('u:m1');
    shown.load(...all.slice(4));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shown.target).toBe('p:p2');
    expect(shown.found).toBe('2 of 3');
    shown.finish();
    for (const hit of ['p:p3', 'u:m1']) {
      shown.enter();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(shown.target).toBe(hit);
    }
  });

  it('has the keyboard as soon as it is asked for', () => {
    const shown = new Shown();
    shown.press('/');
    expect(document.activeElement!.id).toBe('search');
  });
});

describe('a page on which documents arrive', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('ends the same whatever comes first (%i)', (seed) => {
    const all = arrivals();
    const settled = new Shown();
    settled.put(...all);
    settled.search('needle');
    vi.advanceTimersByTime(10_000);

    const random = numbers(seed);
    const shown = new Shown();
    const events = all.map((each) => ({ at: random(), happen: () => shown.put(each) }));
    events.push({ at: random(), happen: () => shown.search('needle') });
    for (const { happen } of events.sort((a, b) => a.at - b.at)) {
      happen();
      vi.advanceTimersByTime(Math.floor(random() * 3) * 80);
    }
    vi.advanceTimersByTime(10_000);

    expect(shown.outline).toEqual(['Is the needle here?', 'Thanks']);
    expect(shown.found.split(' ').at(-1)).toBe('3');
    // Where the reader is depends on what came when; what there is to read does not.
    const withoutPlace = (text: string) => text.replace(/\d of 3/, '3').replace(/\d+ new|To the end/, '').trim();
    expect(withoutPlace(shown.text)).toBe(withoutPlace(settled.text));
  });

  it('works only where the newest answer is, and nowhere once the session has ended', () => {
    const shown = new Shown();
    const tool = (id: string, messageID: string) =>
      doc('part', id, { id, messageID, type: 'tool', tool: 'bash',
        state: { status: 'running', input: { command: 'x' } } });
    const thought = doc('part', 'p0', { id: 'p0', messageID: 'm2', type: 'reasoning', text: 'Hm', time: { start: 2 } });
    const notes = () => [...shown.root.querySelectorAll('.foot p, p.foot, .tool-time, .reasoning .fold')].map((each) =>
      each.textContent!.trim().split(/\s{2}/)[0]);
    shown.put(message('m1', 'user', 1), message('m2', 'assistant', 2, { parentID: 'm1' }), thought,
      tool('p1', 'm2'), message('m3', 'user', 3));
    vi.advanceTimersByTime(1_000);
    expect(notes()).toEqual(['Reasoning…', 'Running', 'Working…']);
    shown.put(message('m4', 'assistant', 4, { parentID: 'm3' }), tool('p2', 'm4'));
    vi.advanceTimersByTime(1_000);
    expect(notes()).toEqual(['Reasoning', 'Not finished', 'Not finished', 'Running', 'Working…']);
    shown.page.ended();
    shown.put();
    vi.advanceTimersByTime(1_000);
    expect(notes()).toEqual(['Reasoning', 'Not finished', 'Not finished', 'Not finished', 'Not finished']);
  });

  it('leads to the message of a permalink when it arrives', () => {
    const shown = new Shown();
    shown.page.showMessage('m3');
    vi.advanceTimersByTime(60_000);
    shown.put(...arrivals());
    vi.advanceTimersByTime(1_000);
    expect(shown.target).toBe('u:m3');
  });

  it('unfolds what the user took back on a click, and by itself for a permalink into it', () => {
    const undone = { undone: true };
    const docs = () => [...arrivals(), message('m8', 'user', 8000, undone), message('m9', 'assistant', 9000, undone)];
    const shown = new Shown();
    shown.put(...docs());
    vi.advanceTimersByTime(1_000);
    const rows = () => [...shown.root.querySelectorAll('[data-row]')].map((row) => row.getAttribute('data-row'));
    const fold = () => shown.root.querySelector<HTMLElement>('.undone button')!;
    expect(fold().textContent).toContain('Undone, 2 messages');
    expect(rows()).not.toContain('u:m8');
    fold().click();
    vi.advanceTimersByTime(1_000);
    expect(rows()).toContain('u:m8');
    fold().click();
    vi.advanceTimersByTime(1_000);
    expect(rows()).not.toContain('u:m8');
    shown.page.showMessage('m9');
    vi.advanceTimersByTime(1_000);
    expect(shown.target).toBe('a:m9');
  });

  it('does not lead to it any more once the reader has gone elsewhere', () => {
    const shown = new Shown();
    shown.page.showMessage('m3');
    vi.advanceTimersByTime(60_000);
    shown.root.querySelector('.scroller')!.dispatchEvent(new Event('wheel'));
    shown.put(...arrivals());
    vi.advanceTimersByTime(1_000);
    expect(shown.target).toBeUndefined();
  });
});

describe('a session that is loaded', () => {
  it('shows its start until it is whole, then where it goes on, unless the reader has moved', () => {
    for (const isMoved of [false, true]) {
      const shown = new Shown();
      shown.store.putDocs([message('m1', 'user', 1), part('p1', 'm1', 'First')], cursor);
      shown.draw('catching_up');
      expect(shown.page.list!.follows).toBe(false);
      expect(shown.text).toContain('1 part so far');
      if (isMoved) shown.press('g');
      shown.draw('live');
      expect(shown.page.list!.follows).toBe(!isMoved);
      expect(shown.text).not.toContain('so far');
    }
  });
});
