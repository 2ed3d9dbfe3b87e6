import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../../src/clients/js/src/index.js';
import { load } from '../vectors.js';
import { refusal, server, World } from './world.js';

// What is below a client's surface (frames, upgrades, messages written by hand) is for the C# side, which has both ends
// in hand.
const PLAYABLE = ['open', 'call', 'await', 'drop'];
const vectors = load('rpc').filter(
  ({ flags, input }) =>
    !['raw', 'slow', 'own_server'].some((flag) => flags.includes(flag)) &&
    input.steps.every((step: any) => PLAYABLE.some((kind) => kind in step) && !('closed' in step)
      && !('cancelled' in step)),
);

describe.skipIf(!server)('a conversation', () => {
  test('is playable in most of the vectors that have no frames in them',
    () => expect(vectors.length).toBeGreaterThan(50));

  test.each(vectors.map((vector) => [vector.id, vector.comment, vector] as const))('%s: %s',
    async (_id, _comment, vector) => {
    const world = await World.create(vector.input);
    try {
      const run = new Conversation(world);
      for (const step of vector.input.steps) await run.play(step);
    } finally {
      world.close();
    }
  });
});

class Conversation {
  readonly #inFlight = new Map<unknown, Promise<unknown>>();

  constructor(private readonly world: World) {}

  async play(step: any): Promise<void> {
    const on = step.on ?? 'main';
    if (step.drop) return this.world.drop(on);
    if (step.open) {
      const more = {
        ...(step.writer && { writer_id: await this.world.text(`{writer:${step.writer}}`) }),
        ...(step.append && { append: step.append }),
      };
      const { handle } = await this.world.redeem(on, step.open, more);
      this.world.saved.set(step.as, { call: handle.call.bind(handle) });
      return;
    }
    const answer = 'await' in step ? this.#inFlight.get(step.await)!
      : this.#call(await this.world.connect(on), await this.world.text(step.call),
        await this.world.resolve(step.params));
    answer.catch(() => {}); // looked at when it is awaited
    if ('id' in step) this.#inFlight.set(step.id, answer);
    if ('error' in step) await this.#checkError(step, answer);
    else if ('result' in step) await this.#checkResult(step, await answer);
    else if (!('id' in step)) await answer.catch(() => {});
  }

  #call(connection: Connection, name: string, params: object | undefined): Promise<unknown> {
    const [object, method] = name.split('.');
    const saved = this.world.saved.get(object!);
    return saved?.call ? saved.call(method, params) : connection.call(name, params);
  }

  async #checkError(step: any, answer: Promise<unknown>): Promise<void> {
    await this.#match(step.error, await refusal(answer), 'error');
  }

  async #checkResult(step: any, result: unknown): Promise<void> {
    const text = JSON.stringify(result);
    if (step.contains) expect(text).toContain(await this.world.text(step.contains));
    if (step.without) expect(text).not.toContain(step.without);
    await this.#match(step.result, result, 'result');
  }

  async #match(pattern: any, actual: any, at: string): Promise<void> {
    if (typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern)) {
      if ('$absent' in pattern) return void expect(actual, at).toBeUndefined();
      expect(actual, at).not.toBeUndefined();
      if ('$any' in pattern) return;
      if ('$save' in pattern) return void this.world.saved.set(pattern.$save, actual);
      if ('$count' in pattern) return void expect(actual.length, at).toBe(pattern.$count);
      for (const [name, member] of Object.entries(pattern)) await this.#match(member, actual?.[name], `${at}.${name}`);
    } else if (Array.isArray(pattern)) {
      expect(actual?.length, at).toBe(pattern.length);
      for (const [i, element] of pattern.entries()) await this.#match(element, actual[i], `${at}[${i}]`);
    } else {
      expect(actual, at).toEqual(await this.world.resolve(pattern));
    }
  }
}
