#!/usr/bin/env node
// Makes src/ShareRpc.Cli/Demonstration/session.jsonl, the session of the demo and of the pictures: one op a line.
// The model is a script (below). Its tools are real: they read, edit and test a copy of src/viewer/src/shared/format.ts
// as it was before the session. Times, paths and durations are replaced: two runs over the same code write the same
// file.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTwoFilesPatch } from 'diff';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = '/home/dev/sharerpc';
const source = 'src/viewer/src/shared/format.ts';
const test = 'tests/web/viewer/format.test.ts';
const session = 'ses_0199a7c4d200';
const model = { id: 'example-large', providerID: 'example' };

const place = mkdtempSync(join(root, 'tests/web/.sample-'));
process.on('exit', () => rmSync(place, { recursive: true, force: true }));
const at = (path) => join(place, path);

// What the session finds. The left side is the code before it.
const faults = [
  [
    '  if (value < 1_000_000) return `${trim(value / 1000)}k`;',
    '  if (value < 999_500) return `${trim(value / 1000)}k`;',
  ],
  ['  return value < 1_000_000 ? `${trim(value / 1000)} kB`', '  return value < 999_500 ? `${trim(value / 1000)} kB`'],
];
const now = readFileSync(join(root, source), 'utf8');
const before = faults.reduce((code, [old, fixed]) => {
  if (!code.includes(fixed)) throw new Error(`${source} no longer has: ${fixed}`);
  return code.replace(fixed, old);
}, now);
const firstTest = `import { expect, test } from 'vitest';
import { short } from '../../../src/viewer/src/shared/format.ts';

test('a number of tokens is shortened', () => {
  expect(short(950)).toBe('950');
  expect(short(12_345)).toBe('12.3k');
  expect(short(4_100_000)).toBe('4.1M');
});
`;
for (const [path, text] of [
  [source, before],
  [test, firstTest],
]) {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}

const ops = [];
const put = (kind, key, data) => ops.push({ verb: 'put', kind, key, data: structuredClone(data) });
let clock = Date.UTC(2026, 10, 26, 15, 41, 12);
const wait = (seconds) => (clock += seconds * 1000);
let [messages, parts, calls] = [0, 0, 0];
const pad = (number) => String(number).padStart(4, '0');
const total = { cost: 0, tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } } };

function user(text) {
  const id = `msg_${pad(++messages)}`;
  const info = { id, sessionID: session, role: 'user', time: { created: clock } };
  put('message', id, info);
  const part = { id: `prt_${pad(++parts)}`, sessionID: session, messageID: id, type: 'text', text };
  put('part', part.id, part);
  put('turn', id, { state: 'streaming' });
  return { id, info };
}

function answer(parentID, agent_session) {
  const id = `msg_${pad(++messages)}`;
  const info = {
    id,
    sessionID: session,
    role: 'assistant',
    parentID,
    agent: agent_session ? 'explore' : 'build',
    modelID: model.id,
    providerID: model.providerID,
    time: { created: clock },
    ...(agent_session && { agent_session }),
  };
  put('message', id, info);
  const add = (type, data) => {
    const part = {
      id: `prt_${pad(++parts)}`,
      sessionID: session,
      messageID: id,
      type,
      ...(agent_session && { agent_session }),
      ...data,
    };
    put('part', part.id, part);
    return part;
  };
  const grow = (part, text, seconds) => {
    const words = text.match(/\S+\s*/g);
    for (let from = 0; from < words.length; from += 12) {
      ops.push({
        verb: 'append',
        kind: 'part',
        key: part.id,
        data: { field: 'text', text: words.slice(from, from + 12).join('') },
      });
    }
    part.text = text;
    wait(seconds);
  };
  return {
    id,
    info,
    add,
    think(text, seconds) {
      const part = add('reasoning', { text: '', time: { start: clock } });
      grow(part, text, seconds);
      put('part', part.id, { ...part, time: { start: part.time.start, end: clock } });
    },
    say: (text, seconds = 4) => grow(add('text', { text: '' }), text, seconds),
    call(tool, input, act, { title = '', seconds = 1 } = {}) {
      const start = clock;
      const part = add('tool', {
        callID: `call_${++calls}`,
        tool,
        state: { status: 'running', input, time: { start } },
      });
      const result = act();
      wait(seconds);
      const state = { status: 'completed', input, title, time: { start, end: clock }, ...result };
      put('part', part.id, { ...part, state });
      return result;
    },
    end(input, output, reasoning, read, cost, finish = 'stop') {
      const tokens = { input, output, reasoning, total: input + output + reasoning + read, cache: { read, write: 0 } };
      put('message', id, { ...info, cost, tokens, finish, time: { created: info.time.created, completed: clock } });
      for (const name of ['input', 'output', 'reasoning']) total.tokens[name] += tokens[name];
      total.tokens.cache.read += read;
      total.cost += cost;
    },
  };
}

const readFile = (path, from, to) => () => ({
  output: readFileSync(at(path), 'utf8')
    .split('\n')
    .slice(from - 1, to)
    .map((line, index) => `${from + index}: ${line}`)
    .join('\n'),
});

const edit = (answer, path, oldString, newString) =>
  answer.call(
    'edit',
    { filePath: `${home}/${path}`, oldString, newString },
    () => {
      const old = readFileSync(at(path), 'utf8');
      if (old.split(oldString).length !== 2) throw new Error(`${path} does not hold once: ${oldString}`);
      writeFileSync(
        at(path),
        old.replace(oldString, () => newString),
      );
      const diff = createTwoFilesPatch(path, path, old, readFileSync(at(path), 'utf8'), '', '', { context: 3 });
      return { output: 'Edit applied.', metadata: { diff } };
    },
    { title: path },
  );

function vitest() {
  let [exit, output] = [0, ''];
  try {
    output = execFileSync('npx', ['vitest', 'run', '--root', at('tests/web'), '--reporter', 'verbose'], {
      cwd: join(root, 'tests/web'),
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, NO_COLOR: '1', CI: 'true' },
    });
  } catch (error) {
    [exit, output] = [error.status, error.stdout + error.stderr];
  }
  const said = output
    .replaceAll(at('tests/web'), `${home}/tests/web`)
    .replaceAll(place, home)
    .replace(/\d+(\.\d+)?(ms|s)\b/g, '4ms')
    .replace(/Start at .*/, 'Start at  15:44:02')
    .replace(/\n *Duration .*/, '')
    .replace(/ \d+ms$/gm, '')
    .replaceAll('⎯', '-')
    .trim();
  return { output: `${said}\n`, metadata: { exit } };
}

const run = (answer, description) =>
  answer.call('bash', { command: 'npx vitest run viewer/format', description }, vitest, {
    title: description,
    seconds: 6,
  });

const todos = (answer, ...states) => {
  const list = [
    'Find where numbers of tokens are shortened',
    'Write a test that fails',
    'Fix it',
    'Look at the other function',
  ].map((content, index) => ({
    content,
    status: states[index] ?? 'pending',
    priority: index === 1 ? 'high' : 'medium',
  }));
  answer.call('todowrite', { todos: list }, () => ({ output: '' }), { title: `${states.length} of ${list.length}` });
  put('todo', session, list);
};

const head = {
  id: session,
  schema_version: 1,
  agent: 'example',
  agent_version: '1.4.0',
  title: 'Why the page says 1000k tokens',
  directory: home,
  branch: 'main',
  model,
  time: { created: clock, updated: clock },
};
put('session', session, head);
put('model', 'example/example-large', { ...model, name: 'Example Large', limit: { context: 200_000 } });

// The first question: a fault with a failing test, a subagent that looks, and the fix.
const first = user(
  'The page of a long session says “1000k tokens in”. It should say **1M**. Find out why, and fix it with a test ' +
    'that fails first.',
);
wait(3);
let reply = answer(first.id);
reply.think(
  '999,960 divided by 1,000 is 999.96, and one decimal place makes 1000.0 of it. So the number is rounded after the ' +
    'unit has been chosen. I look for the place first, and let a subagent see who else uses it.',
  5,
);
todos(reply, 'in_progress');
const agent = 'agent-7f31';
const started = reply.add('subagent', {
  agent_session: agent,
  callID: `call_${++calls}`,
  tool: 'task',
  name: 'explore',
  description: 'Find who shortens numbers',
  prompt: `Find every function in src/viewer that shortens a number for readers, and who calls it. Name file and line.`,
  status: 'running',
  time: { start: clock },
});
wait(1);
const prompt = `msg_${pad(++messages)}`;
put('message', prompt, {
  id: prompt,
  sessionID: session,
  role: 'user',
  agent_session: agent,
  time: { created: clock },
});
put('part', `prt_${pad(++parts)}`, {
  id: `prt_${pad(parts)}`,
  sessionID: session,
  messageID: prompt,
  type: 'text',
  text: started.prompt,
  agent_session: agent,
});
const scout = answer(prompt, agent);
scout.call(
  'grep',
  { pattern: 'short\\(|bytes\\(', path: `${home}/src/viewer` },
  () => {
    const output = execFileSync('grep', ['-rnE', 'short\\(|[^y]bytes\\(', 'src/viewer/src'], {
      cwd: root,
      encoding: 'utf8',
    });
    const found = output.split('\n').filter((line) => line !== '' && !line.includes('import'));
    const lines = found.map((line) => line.slice(0, 110)).sort();
    return { output: lines.slice(0, 9).join('\n') };
  },
  { title: 'short( or bytes(' },
);
scout.call('read', { filePath: `${home}/${source}`, offset: 18, limit: 14 }, readFile(source, 18, 31), {
  title: source,
});
scout.say(
  'Two functions shorten: `short` (tokens) and `bytes` (sizes), both in `src/viewer/src/shared/format.ts`. ' +
    '`short` is called for the usage of a turn and of the session.',
);
scout.end(2_140, 96, 0, 0, 0.0031);
put('part', started.id, {
  ...started,
  status: 'completed',
  time: { start: started.time.start, end: clock },
  result: 'Two functions shorten: short (tokens) and bytes (sizes), both in src/viewer/src/shared/format.ts.',
});
wait(1);
reply.end(4_310, 380, 210, 0, 0.0142, 'tool-calls');

reply = answer(first.id);
reply.say('The unit is chosen before the number is rounded. The test comes first.');
edit(
  reply,
  test,
  "  expect(short(4_100_000)).toBe('4.1M');\n});\n",
  "  expect(short(4_100_000)).toBe('4.1M');\n});\n\ntest('a number that is rounded up to a million is one', () => {\n" +
    "  expect(short(999_499)).toBe('999k');\n  expect(short(999_960)).toBe('1M');\n});\n",
);
run(reply, 'Runs the new test');
todos(reply, 'completed', 'completed', 'in_progress');
reply.end(1_260, 240, 0, 4_310, 0.0087, 'tool-calls');

reply = answer(first.id);
reply.think('It fails as expected: 1000k instead of 1M. From 999,500 on, the whole thousands are rounded to 1000.', 3);
edit(reply, source, faults[0][0], faults[0][1]);
run(reply, 'Runs the test again');
todos(reply, 'completed', 'completed', 'completed', 'in_progress');
reply.say(
  `Fixed. From 999,500 on, \`short\` says millions:

| tokens | before | now |
|---|---|---|
| 999,499 | 999k | 999k |
| 999,960 | 1000k | 1M |

- **${source}**: the limit is where rounding begins, not at a million
- **${test}**: both sides of the limit`,
  6,
);
reply.end(980, 310, 90, 6_020, 0.0104);
put('turn', first.id, { state: 'completed' });
const diffs = (files) =>
  files.map(([path, old]) => {
    const patch = createTwoFilesPatch(path, path, old, readFileSync(at(path), 'utf8'), '', '', { context: 3 });
    const count = (sign) =>
      patch.split('\n').filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;
    return { file: path, status: 'modified', additions: count('+'), deletions: count('-'), patch };
  });
put('message', first.id, {
  ...first.info,
  summary: {
    diffs: diffs([
      [source, before],
      [test, firstTest],
    ]),
  },
});

// The second question, on the next day.
clock = Date.UTC(2026, 10, 27, 8, 5, 40);
const middle = [
  [source, readFileSync(at(source), 'utf8')],
  [test, readFileSync(at(test), 'utf8')],
];
const second = user('Has `bytes` the same fault? If so, do the same there, and run the tests again.');
wait(2);
reply = answer(second.id);
reply.call(
  'bash',
  { command: "node -e 'console.log((999_960 / 1000).toFixed(0))'", description: 'Tries the number' },
  () => ({
    output: execFileSync('node', ['-e', 'console.log((999_960 / 1000).toFixed(0))'], { encoding: 'utf8' }),
    metadata: { exit: 0 },
  }),
  { title: 'Tries the number' },
);
reply.say('Yes: `bytes(999_960)` is “1000 kB”.', 2);
edit(reply, test, 'import { short } from', 'import { bytes, short } from');
edit(
  reply,
  test,
  "  expect(short(999_960)).toBe('1M');\n",
  "  expect(short(999_960)).toBe('1M');\n  expect(bytes(999_960)).toBe('1 MB');\n",
);
edit(reply, source, faults[1][0], faults[1][1]);
run(reply, 'Runs the tests');
todos(reply, 'completed', 'completed', 'completed', 'completed');
reply.say('It had the same fault, with the same fix. The tests pass.', 3);
reply.end(1_520, 260, 40, 8_100, 0.0119);
put('turn', second.id, { state: 'completed' });
put('message', second.id, { ...second.info, summary: { diffs: diffs(middle) } });
const all = diffs([
  [source, before],
  [test, firstTest],
]);
put('session_diff', session, all);
const sum = (name) => all.reduce((value, file) => value + file[name], 0);
put('session', session, {
  ...head,
  cost: Number(total.cost.toFixed(4)),
  tokens: total.tokens,
  outcome: 'completed',
  summary: { files: all.length, additions: sum('additions'), deletions: sum('deletions') },
  time: { created: head.time.created, updated: clock },
});

if (readFileSync(at(source), 'utf8') !== now) throw new Error('The session does not end with the code as it is.');
const text = ops.map((op) => `${JSON.stringify(op)}\n`).join('');
writeFileSync(join(root, 'src/ShareRpc.Cli/Demonstration/session.jsonl'), text);
console.log(`${ops.length} ops, ${messages} messages, ${parts} parts, ${text.length} bytes`);
