import { describe, expect, test } from 'vitest';
import type { Ack, RedeemedShare } from '../../../../src/clients/js/src/index.js';
import { load, type Vector } from '../vectors.js';
import { refusal, server, World } from './world.js';

const vectors = load('apply').filter(({ flags }) => !['raw', 'slow', 'own_server'].some((flag) =>
  flags.includes(flag)));

describe.skipIf(!server)('a scenario of batches', () => {
  test.each(vectors.map((vector) => [vector.id, vector.comment, vector] as const))('%s: %s',
    async (_id, _comment, vector) => {
    const world = await World.create(vector.input);
    try {
      const run = new Scenario(world, vector);
      for (const step of vector.input.steps) await run.play(step);
      await run.checkLog();
      await run.checkState();
    } finally {
      world.close();
    }
  });
});

class Scenario {
  readonly #open = new Map<string, RedeemedShare>();

  constructor(
    private readonly world: World,
    private readonly vector: Vector,
  ) {}

  async play(step: any): Promise<void> {
    if (step.do) await this.#act(step);
    else if (step.redeem) await this.#redeem(step);
    else await this.#append(step);
  }

  async checkLog(): Promise<void> {
    const expected: string[] | null = this.vector.expect.log;
    if (!expected) return;
    const { handle } = await this.world.redeemShare('reader', 'owner');
    const ids: string[] = [];
    for (let after = 0, head = 1; after < head; ) {
      const page = await handle.readOps({ after });
      for (const op of page.ops) {
        expect(op.cursor).toBe(ids.length + 1);
        if (!op.hidden && op.op_id !== undefined) ids.push(op.op_id);
      }
      ({ cursor: after, head } = page);
    }
    expect(ids).toEqual(expected);
  }

  async checkState(): Promise<void> {
    if (!this.vector.expect.state) return;
    const { handle } = await this.world.redeemShare('reader', 'owner');
    expect((await handle.getState()).docs).toEqual(await this.world.resolve(this.vector.expect.state));
  }

  async #act(step: any): Promise<void> {
    if (step.do === 'open') await this.#handle(step.by);
    else if (step.do === 'end_share') await (await this.#handle('-')).handle.endShare();
    else if (step.do === 'revoke') await (await this.#handle('-')).handle.revokeCapability(
      await this.world.text(`{cap:${step.ref}}`));
    else {
      const { handle } = await (await this.world.connect('setup'))
        .redeemRoot({ token: await this.world.text('{token:root}') });
      await handle.deleteShare(this.world.shareId);
    }
  }

  async #append(step: any): Promise<void> {
    const { handle } = await this.#handle(step.by);
    const answer = handle.appendOps(await this.world.resolve(step.batch));
    if (step.error) expect(await refusal(answer)).toMatchObject(step.error);
    else if (step.ack) expect(short(await answer)).toEqual(expectedAck(step.ack));
    else expect((await answer).applied.length).toBe(step.applied_count);
  }

  async #redeem(step: any): Promise<void> {
    this.world.drop(step.by);
    const share = await this.#redeemAs(step.by, await this.world.resolve(step.redeem));
    this.#open.set(step.by, share);
    const acks = share.acks ?? [];
    expect(acks.map((outcome) => outcome.batch_id)).toEqual(step.redeem.slice(0, acks.length).map((batch: any) =>
      batch.batch_id));
    expect(acks.length).toBe(step.acks.length);
    acks.forEach((outcome, i) => {
      if (step.acks[i].ack) expect(short(outcome.ack!)).toEqual(expectedAck(step.acks[i].ack));
      else expect(outcome.error).toMatchObject(step.acks[i].error);
    });
    if (step.acked_seq !== undefined) expect(share.writer?.acked_seq).toBe(step.acked_seq);
  }

  async #handle(by: string): Promise<RedeemedShare> {
    if (!this.#open.has(by)) this.#open.set(by, await this.#redeemAs(by));
    return this.#open.get(by)!;
  }

  async #redeemAs(by: string, append?: any[]): Promise<RedeemedShare> {
    const writer = by === '-' ? {} : { writer_id: await this.world.text(`{writer:${by}}`) };
    return this.world.redeemShare(by, this.vector.input.writers?.[by] ?? 'owner',
      { ...writer, ...(append && { append }) });
  }
}

function short(ack: Ack) {
  return {
    cursor: ack.cursor,
    applied: ack.applied.map((op) => [op.op_id, op.cursor]),
    duplicates: ack.duplicates.map((op) => [op.op_id, op.cursor]),
    rejected: ack.rejected.map((op) => [op.op_id, op.code]),
  };
}

function expectedAck(ack: any) {
  return { applied: [], duplicates: [], rejected: [], ...ack };
}
