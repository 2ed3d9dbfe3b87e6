// Plays the vectors of client.json with a client: a command that reads and writes lines (README.md).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expand, load } from './vectors.mjs';
import { inParallel } from './parallel.mjs';
import { Peer } from './peer.mjs';
import { CuttingProxy } from './proxy.mjs';
import { World } from './world.mjs';

const RUN_MS = 60_000;
const CLASSES = ['reader', 'plain', 'outbox'];

/** Plays the scenarios of a class; reports `(suite, vector, error?)`. */
export async function checkClient({ of, command, only, report }) {
  if (!CLASSES.includes(of)) throw new Error(`There is no class ${of}: ${CLASSES.join(', ')}.`);
  const vectors = load('client').filter(({ id, input }) => input.class === of && (!only || id === only));
  await inParallel(vectors, async (vector) => {
    const input = expand(vector.input);
    const peer = await Peer.start(input);
    const run = new ClientRun(command, of, peer.link);
    peer.onKill = () => run.restart();
    try {
      await run.finish(input.ops ?? [], 0, input.more);
      if (input.restored) {
        peer.goBack(input.restored);
        await run.finish(input.restored.ops);
      }
      judge(expand(vector.expect), input, peer, run);
      report('client', vector);
    } catch (error) {
      if (peer.violations.length > 0) error.message = `${peer.violations[0]} (${error.message})`;
      report('client', vector, error);
    } finally {
      run.close();
      peer.close();
    }
  });
}

function judge(expected, input, peer, run) {
  assert.deepEqual(peer.violations, []);
  const said = `exit code; it said: ${JSON.stringify(run.lines.slice(-3))} ${run.errors.slice(-600)}`;
  assert.equal(run.exitCode, expected.exit ?? 0, said);
  if (expected.log) assert.deepEqual(peer.log.map((op) => op.op_id), expected.log, 'the log of the server');
  if (input.class === 'reader') {
    if (expected.cursors) assert.deepEqual(run.cursors, expected.cursors, 'cursors');
    const documents = run.lines.findLast((line) => line.documents)?.documents;
    if ((expected.exit ?? 0) === 0)
      assert.deepEqual(documents, peer.documents.map(({ kind, key, data }) => ({ kind, key, data })), 'documents');
  }
  if (expected.uses) assert.equal(peer.uses, expected.uses, 'uses of the link');
  if (expected.redemptions) assert.equal(peer.redemptions, expected.redemptions, 'redemptions');
  const parked = Object.fromEntries(run.lines.filter((line) => line.parked).map((line) => [line.parked, line.code]));
  assert.deepEqual(parked, expected.parked ?? {}, 'what it parked');
  const missing = run.lines.reduce((sum, line) => sum + (line.missing ?? 0), 0);
  assert.equal(missing, expected.missing ?? 0, 'ops that it names as missing');
  for (const id of expected.known ?? []) {
    const isUnknown = run.lines.find((line) => line.parked === id).outcome_unknown === true;
    assert.ok(!isUnknown, `the outcome of ${id} is known: it was not applied`);
  }
  for (const id of expected.unknown ?? [])
    assert.ok(run.lines.find((line) => line.parked === id).outcome_unknown, `the outcome of ${id} is not known`);
}

/** Runs a client of a class against a real server, over connections that are cut. */
export async function checkOverCuts({ of, command, server, rootToken, cuts = 12, seed = 1, report }) {
  const vector = { id: `cuts-${of}-${seed}`, comment: `${cuts} cut connections to a real server` };
  const world = await World.create(server, rootToken);
  const proxy = await CuttingProxy.start(server, cuts, seed);
  const run = new ClientRun(command, of, world.text(`${proxy.address}/s/{share}#{token:owner}`));
  try {
    const ops = Array.from({ length: 60 }, (_, i) => ({
      op_id: `op-${i + 1}`, verb: i % 3 === 2 ? 'append' : 'put', kind: 'note', key: `k${i % 7}`,
      data: i % 3 === 2 ? { field: 'text', text: `é${i} ` } : { text: 'x'.repeat(40 * (i % 11)) },
    }));
    const { call } = await world.redeem('kit', 'owner');
    if (of === 'reader') {
      const running = run.finish([]);
      for (const op of ops) await call('appendOps', { batch_id: op.op_id, ops: [op] });
      await call('endShare', '');
      await running;
      assert.deepEqual(run.cursors, ops.map((_, i) => i + 1));
    } else {
      await run.finish(ops, 25);
      const page = await call('readOps', { after: 0 });
      assert.deepEqual(page.ops.map((op) => op.op_id), ops.map((op) => op.op_id));
    }
    assert.equal(run.exitCode, 0, run.errors);
    report('cuts', vector);
  } catch (error) {
    report('cuts', vector, error);
  } finally {
    run.close();
    proxy.close();
    world.close();
  }
}

/** A client, started again where it is killed. */
class ClientRun {
  lines = [];
  errors = '';
  #directory = mkdtempSync(join(tmpdir(), 'sharerpc-conformance-'));
  #killed = false;

  constructor(command, of, link) {
    this.command = [...command, of, link, this.#directory];
  }

  /**
   * Gives it all ops and waits for its end; once it was killed, `more` ops. With `gap` ms between ops, connections are
   * cut in the middle.
   */
  async finish(ops, gap = 0, more = []) {
    const deadline = Date.now() + RUN_MS;
    for (let given = ops; ; given = [...ops, ...more]) {
      this.#killed = false;
      const done = new Set(this.lines.map((line) => line.enqueued).filter(Boolean));
      await this.#once(given.filter((op) => !done.has(op.op_id)), gap, deadline);
      if (!this.#killed) return;
    }
  }

  get cursors() {
    return this.lines.filter(({ cursor }) => cursor).map(({ cursor }) => cursor);
  }

  restart() {
    this.#killed = true;
    this.#signal();
  }

  close() {
    this.#signal();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #once(ops, gap, deadline) {
    const [program, ...rest] = this.command;
    const child = (this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], detached: true }));
    const timer = setTimeout(() => this.#signal(), deadline - Date.now());
    const ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code));
    });
    child.stdin.on('error', () => {});
    child.stderr.on('data', (text) => (this.errors += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line));
    });
    for (const op of ops) {
      child.stdin.write(JSON.stringify(op) + '\n');
      if (gap) await new Promise((resolve) => setTimeout(resolve, gap));
    }
    child.stdin.end();
    this.exitCode = await ended;
    clearTimeout(timer);
    if (!this.#killed && Date.now() >= deadline)
      throw new Error(`It did not end within ${RUN_MS / 1000} s. ${this.errors.slice(-300)}`);
  }

  #signal() {
    try {
      if (this.child?.pid) process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
