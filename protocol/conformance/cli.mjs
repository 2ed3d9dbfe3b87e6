#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkClient, checkOverCuts } from './lib/client.mjs';
import { checkServer } from './lib/server.mjs';

const HELP = `usage: sharerpc-conformance server URL --root-token-file FILE [--suite NAME]... [--slow]
       sharerpc-conformance client CLASS [--only ID] [--server URL --root-token-file FILE [--seeds N]] -- COMMAND...

server  plays every vector against a server; -- the root token also in SHARERPC_ROOT_TOKEN
client  plays the scenarios of a class (reader, plain, outbox) with a client, and with --server lets it work over
        connections that are cut, N times. README.md says how COMMAND is called.

Prints what fails, then "N passed, N failed". The exit code is 0 if nothing failed.`;

const split = process.argv.indexOf('--', 2);
const own = process.argv.slice(2, split < 0 ? undefined : split);
const command = split < 0 ? [] : process.argv.slice(split + 1);
let passed = 0;
let failed = 0;

function report(suite, vector, error) {
  if (!error) return void passed++;
  failed++;
  const what = error.message.split('\n').slice(0, 12).join('\n  ');
  console.log(`FAILED ${[vector.id, ...(vector.rules ?? [])].join(' ')}: ${vector.comment}\n  ${what}`);
}

const { values, positionals: [mode, subject] } = parseArgs({
  args: own, allowPositionals: true,
  options: {
    'root-token-file': { type: 'string' }, suite: { type: 'string', multiple: true }, slow: { type: 'boolean' },
    only: { type: 'string' }, seeds: { type: 'string' }, server: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const rootToken = values['root-token-file'] ? readFileSync(values['root-token-file'], 'utf8').trim()
  : process.env.SHARERPC_ROOT_TOKEN;

if (values.help || !subject || (mode === 'client' && command.length === 0) || !['server', 'client'].includes(mode)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
if (mode === 'server') {
  await checkServer({ server: subject, rootToken, suites: values.suite, slow: values.slow, report });
} else {
  await checkClient({ of: subject, command, only: values.only, report });
  const seeds = values.server ? Array.from({ length: Number(values.seeds ?? 1) }, (_, i) => i + 1) : [];
  for (const seed of seeds)
    await checkOverCuts({ of: subject, command, server: values.server, rootToken, seed, report });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
