// Plays the vectors against a server.
import assert from 'node:assert/strict';
import { inParallel } from './parallel.mjs';
import { expand, load, textOf } from './vectors.mjs';
import { Refused, Wire } from './wire.mjs';
import { World } from './world.mjs';

/**
 * Runs every vector that a running server can be asked, or those that `only` takes; reports `(suite, vector, error?)`.
 */
export async function checkServer({ server, rootToken, suites, slow = false, only = () => true, report }) {
  for (const suite of suites ?? Object.keys(SUITES)) {
    await inParallel(load(suite).filter(only), async (vector) => {
      if (vector.flags.includes('own_server') || (vector.flags.includes('slow') && !slow)) return;
      const play = SUITES[suite](vector);
      if (!play) return;
      const world = new World(server, rootToken);
      let made;
      try {
        made = await World.create(server, rootToken, play.refs);
        await play.run(made);
        report(suite, vector);
      } catch (error) {
        report(suite, vector, error);
      } finally {
        world.close();
        made?.close();
      }
    });
  }
}

const SUITES = {
  limits: ({ input, expect }) => input.name && {
    run: async (world) => assert.equal((await world.redeem('main', 'owner')).result.limits[input.name], expect),
  },
  rights: ({ input, expect }) => ({
    refs: {
      it: { of: input.object === 'root' ? 'root' : 'owner', rights: input.rights },
      ...(input.child && { child: { of: 'it', rights: ['attenuate'] } }),
    },
    async run(world) {
      const { wire, number } = await world.redeem('main', 'it');
      const id = wire.request(`$/invokeProxy/${number}/${input.method}`, world.text(textOf(input.params ?? {})));
      if (input.cancel) wire.send(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":${id}}}`);
      const { message } = await wire.receive(id);
      const code = message.error?.data?.code;
      assert.equal(code === 'forbidden' ? 'forbidden' : 'allowed', expect);
    },
  }),
  ops: ({ input, expect }) => ({
    async run(world) {
      const { call } = await world.redeem('main', 'owner', '"writer_id":"{writer:w}"');
      const op = textOf('$raw' in input ? input : { seq: 1, ...input });
      const code = await call('appendOps', `{"batch_id":"b","ops":[${op}]}`)
        .then((ack) => ack.rejected[0]?.code ?? 'ok', codeOf);
      if (expect === 'ok') assert.ok(['ok', 'dependency_missing', 'no_target'].includes(code), code);
      else assert.equal(code, expect);
    },
  }),
  batches: ({ input, expect }) => ({
    async run(world) {
      const { call } = await world.redeem('main', 'owner', input.writer ? '"writer_id":"{writer:w}"' : '');
      const code = await call('appendOps', textOf(input.batch)).then(() => 'ok', codeOf);
      if (expect === 'ok') assert.ok(!['invalid_batch', 'invalid_params'].includes(code), code);
      else assert.equal(code, expect);
    },
  }),
  apply: ({ input, expect }) => ({ refs: input.refs, run: (world) => new Scenario(world, input).play(expect) }),
  rpc: ({ input }) => ({ refs: input.refs, run: (world) => new Conversation(world).play(input.steps) }),
};

function codeOf(error) {
  if (!error.refusal) throw error;
  return error.refusal.code;
}

/** A scenario of batches on one share. */
class Scenario {
  #open = new Map();

  constructor(world, input) {
    this.world = world;
    this.input = input;
  }

  async play(expected) {
    for (const step of this.input.steps) await this.#step(step);
    if (expected.log) assert.deepEqual(await this.#log(), expected.log);
    if (!expected.state) return;
    const { call } = await this.world.redeem('reader', 'owner');
    assert.deepEqual((await call('getState')).docs, JSON.parse(this.world.text(textOf(expected.state))));
  }

  async #step(step) {
    if (step.do === 'open') await this.#handle(step.by);
    else if (step.do === 'end_share') await (await this.#handle('-')).call('endShare', '');
    else if (step.do === 'revoke')
      await (await this.#handle('-')).call('revokeCapability', this.world.text(`{"cap_id":"{cap:${step.ref}}"}`));
    else if (step.do)
      await (await this.world.redeem('setup', 'root')).call('deleteShare', { share_id: this.world.shareId });
    else if (step.redeem) await this.#redeem(step);
    else await this.#append(step);
  }

  async #append(step) {
    const { call } = await this.#handle(step.by);
    const answer = call('appendOps', this.world.text(textOf(step.batch)));
    if (step.error) return matches(await answer.then(() => assert.fail('It was not refused.'), refusalOf), step.error);
    const ack = await answer;
    if (step.ack) assert.deepEqual(short(ack), whole(step.ack));
    else assert.equal(ack.applied.length, step.applied_count);
  }

  async #redeem(step) {
    this.world.drop(step.by);
    const share = await this.#redeemAs(step.by, `,"append":${textOf(step.redeem)}`);
    this.#open.set(step.by, share);
    const { acks, writer } = share.result;
    assert.deepEqual(acks.map((outcome) => outcome.batch_id),
      expand(step.redeem).slice(0, acks.length).map((batch) => batch.batch_id));
    assert.equal(acks.length, step.acks.length);
    acks.forEach((outcome, i) => {
      if (step.acks[i].ack) assert.deepEqual(short(outcome.ack), whole(step.acks[i].ack));
      else matches(outcome.error, step.acks[i].error);
    });
    if (step.acked_seq !== undefined) assert.equal(writer.acked_seq, step.acked_seq);
  }

  async #log() {
    const { call } = await this.world.redeem('reader', 'owner');
    const ids = [];
    for (let after = 0, head = 1, cursor = 0; after < head; ) {
      const page = await call('readOps', { after });
      for (const op of page.ops) assert.equal(op.cursor, ++cursor);
      ids.push(...page.ops.filter((op) => op.op_id).map((op) => op.op_id));
      ({ cursor: after, head } = page);
    }
    return ids;
  }

  async #handle(by) {
    if (!this.#open.has(by)) this.#open.set(by, await this.#redeemAs(by));
    return this.#open.get(by);
  }

  #redeemAs(by, append = '') {
    const writer = by === '-' ? '' : `"writer_id":"{writer:${by}}"`;
    return this.world.redeem(by, this.input.writers?.[by] ?? 'owner', writer ? writer + append : append.slice(1));
  }
}

function refusalOf(error) {
  if (!error.refusal) throw error;
  return error.refusal;
}

function matches(actual, expected) {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(actual[name], value, name);
}

const short = ({ cursor, applied, duplicates, rejected }) => ({
  cursor,
  applied: applied.map((op) => [op.op_id, op.cursor]),
  duplicates: duplicates.map((op) => [op.op_id, op.cursor]),
  rejected: rejected.map((op) => [op.op_id, op.code]),
});
const whole = (ack) => ({ applied: [], duplicates: [], rejected: [], ...expand(ack) });

/** A conversation on the wire. */
class Conversation {
  constructor(world) {
    this.world = world;
  }

  async play(steps) {
    for (const [i, step] of steps.entries()) {
      await this.#step(step).catch((error) => {
        error.message = `step ${i + 1}: ${error.message}`;
        throw error;
      });
    }
  }

  async #step(step) {
    const on = step.on ?? 'main';
    if (step.connect) return this.#connect(step);
    if (step.http) return assert.equal((await fetch(new URL(step.path, this.world.server))).status, step.status);
    if (step.drop) return this.world.drop(on);
    if (step.open) {
      const parts = [step.writer && `"writer_id":"{writer:${step.writer}}"`,
        step.append && `"append":${textOf(step.append)}`].filter(Boolean);
      const { number } = await this.world.redeem(on, step.open, parts.join(','));
      return this.world.saved.set(step.as, number);
    }
    if (step.repeat) {
      await this.#step(step.first);
      for (let i = 0; i < step.repeat; i++) await this.#step(step.step);
      return undefined;
    }
    return this.#talk(await this.world.wire(on), step);
  }

  async #connect({ connect, status, selected, extension }) {
    const origin = connect.origin && this.world.text(connect.origin);
    const wire = await Wire.open(this.world.server, { ...connect, origin }).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      assert.equal(error.status, status);
    });
    if (!wire) return;
    assert.equal(status, 101);
    if (selected) assert.equal(wire.socket.protocol, selected);
    if (extension === null) assert.equal(wire.socket.extensions, '');
    wire.close();
  }

  async #talk(wire, step) {
    if (step.page === null) return assert.equal(wire.pages, 0, 'a page has come');
    if (step.page) {
      const page = await wire.page();
      if (step.without) assert.ok(!JSON.stringify(page).includes(step.without), `${step.without} is in the page`);
      return this.#match(step.page, page, 'page');
    }
    const id = this.#say(wire, step);
    if (step.closed) {
      const code = await wire.closed;
      assert.ok(code === step.closed || (step.or_dropped && code === 1006), `closed with ${code}`);
      this.world.drop(step.on ?? 'main');
    } else if (id && (step.error || step.cancelled || 'result' in step)) {
      this.#check(step, await wire.receive(id));
    }
  }

  #say(wire, step) {
    if ('await' in step) return JSON.stringify(step.await);
    if (step.call) {
      const [object, method] = step.call.split('.');
      const path = this.world.saved.has(object) ? `$/invokeProxy/${this.world.saved.get(object)}/${method}` : step.call;
      const params = 'params' in step ? this.world.text(textOf(step.params)) : undefined;
      const id = 'id' in step ? JSON.stringify(step.id) : undefined;
      return wire.request(this.world.text(path), params, id);
    }
    if (step.send) wire.send(this.world.text(textOf(step.send)));
    else if ('text' in step) wire.send(step.text);
    else if ('text_hex' in step) wire.socket.send(Buffer.from(step.text_hex, 'hex'), { binary: false });
    else if ('binary' in step) wire.socket.send(Buffer.from(step.binary, 'hex'), { binary: true });
    else {
      const start = '{"jsonrpc":"2.0","id":"pad","method":"nothing","pad":"';
      wire.send(start + 'a'.repeat(step.message_of - start.length - 2) + '"}');
      return '"pad"';
    }
    return undefined;
  }

  #check(step, { message, text }) {
    if (step.contains)
      assert.ok(text.includes(this.world.text(step.contains)), `${step.contains} is not in the answer`);
    if (step.without) assert.ok(!text.includes(step.without), `${step.without} is in the answer`);
    if (step.cancelled) return assert.equal(message.error.code, -32800);
    if (!step.error) {
      assert.ok('result' in message, `refused: ${message.error?.message}`);
      return this.#match(step.result, message.result, 'result');
    }
    assert.ok(message.error, 'It was not refused.');
    return this.#match(step.error, message.error.data, 'error');
  }

  #match(pattern, actual, at) {
    if (Array.isArray(pattern)) {
      assert.equal(actual?.length, pattern.length, at);
      pattern.forEach((element, i) => this.#match(element, actual[i], `${at}[${i}]`));
    } else if (typeof pattern === 'object' && pattern !== null) {
      if (pattern.$absent) return assert.equal(actual, undefined, at);
      assert.notEqual(actual, undefined, `${at} is missing`);
      if (pattern.$any) return undefined;
      if (pattern.$save) return this.world.saved.set(pattern.$save, actual);
      if (pattern.$count !== undefined) return assert.equal(actual.length, pattern.$count, at);
      if (['$repeat', '$list', '$depth', '$raw'].some((name) => name in pattern))
        return assert.deepEqual(actual, expand(pattern), at);
      for (const [name, member] of Object.entries(pattern)) this.#match(member, actual?.[name], `${at}.${name}`);
    } else {
      assert.deepEqual(actual, JSON.parse(this.world.text(JSON.stringify(pattern))), at);
    }
    return undefined;
  }
}
