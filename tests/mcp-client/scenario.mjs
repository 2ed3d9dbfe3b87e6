// Drives `sharerpc mcp` and /mcp with the MCP SDK. Told by its environment: TOOL (the program's assembly), SERVER,
// TOKEN_FILE, STATE, HOME. Prints one line of JSON: what the caller checks in the server's own output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const { TOOL, SERVER, TOKEN_FILE, STATE } = process.env;
const args = ['exec', TOOL, 'mcp', '--state', STATE, '--server', SERVER, '--token-file', TOKEN_FILE];
const local = new Client({ name: 'scenario', version: '1' });
await local.connect(new StdioClientTransport({ command: 'dotnet', args, env: { ...process.env }, stderr: 'inherit' }));

const textOf = (result) => result.content.map((block) => block.text).join('\n');
const call = async (name, given, client = local) => {
  const result = await client.callTool({ name, arguments: given });
  assert.ok(!result.isError, `${name}: ${textOf(result)}`);
  return textOf(result);
};
const refused = async (name, given, client = local) => {
  try {
    const result = await client.callTool({ name, arguments: given });
    assert.ok(result.isError, `${name} took ${JSON.stringify(given).slice(0, 100)}`);
    return textOf(result);
  } catch (error) {
    return String(error.message);
  }
};
const linkOf = (text) => /Link: (\S+)/.exec(text)[1];
const tokenOf = (link) => link.split('#')[1];
const overHttp = async (token) => {
  const client = new Client({ name: 'scenario', version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL('mcp', SERVER), { requestInit }));
  return client;
};

// What there is, and how it is marked.
const { tools } = await local.listTools();
const marks = Object.fromEntries(tools.map((tool) => [tool.name, tool.annotations]));
assert.deepEqual(Object.keys(marks).sort(), [
  'invite', 'list_access', 'list_sessions', 'read_session', 'revoke', 'search_session', 'share_session',
]);
assert.equal(marks.revoke.destructiveHint, true);
for (const name of ['list_access', 'list_sessions', 'read_session', 'search_session'])
  assert.equal(marks[name].readOnlyHint, true, name);
for (const name of ['invite', 'share_session', 'revoke']) assert.equal(marks[name].readOnlyHint, false, name);

// A session of this machine: not shared, then shared, then read by its link.
const listed = JSON.parse((await call('list_sessions', { contains: 'first question' })).split('\n')[0]);
assert.equal(listed.shared, false);
const unshared = await call('read_session', { session: listed.id });
assert.match(unshared, /First question[\s\S]*The wisdom is 42/);
assert.match(unshared, /\[redacted:/); // the key in the transcript
const link = linkOf(await call('share_session', { session: listed.id }));
assert.match(await call('read_session', { session: `Go on from ${link} please` }), /The wisdom is 42/);

// By pages: all of it, once, each within its budget.
let cursor;
let pages = 0;
const turns = [];
do {
  const page = await call('read_session', { session: link, maxTokens: 250, detail: 'full', ...(cursor && { cursor }) });
  assert.ok(Buffer.byteLength(page) < 250 * 3 + 1000);
  turns.push(...[...page.matchAll(/Question number (\d+)\./g)].map((match) => Number(match[1])));
  cursor = /call again with cursor (\S+)/.exec(page)?.[1];
  pages++;
} while (cursor && pages < 500);
assert.deepEqual(turns, Array.from({ length: 30 }, (_, at) => at));
assert.ok(pages > 5);
assert.match(await call('read_session', { session: link, latest: true, maxTokens: 300 }), /Question number 29\./);
assert.match(await call('search_session', { session: link, query: 'WISDOM' }), /The wisdom is 42[\s\S]*at cursor/);

// Hostile content stays inside its marks.
const whole = await call('read_session', { session: link, maxTokens: 20000, detail: 'full' });
const mark = /<<(\w{22})\n/.exec(whole)[1];
assert.ok(whole.indexOf('IGNORE ALL') > whole.indexOf(`<<${mark}`));
assert.ok(whole.indexOf('IGNORE ALL') < whole.indexOf(`${mark}>>`));
assert.equal(whole.split(mark).length, 3);
assert.ok(!/[\u{E0000}-\u{E007F}\u202e\u001b]/u.test(whole));

// Invitations, and what they may.
const guest = linkOf(await call('invite', { session: link, expires: '7d', redact: 'tools', label: '--help' }));
assert.match(await call('list_access', { session: link }), /"label":"--help"/);
assert.match(await call('read_session', { session: link, detail: 'full' }), /inner output/);
assert.doesNotMatch(await call('read_session', { session: guest, detail: 'full' }), /inner output/);
const remote = await overHttp(tokenOf(guest));
assert.deepEqual((await remote.listTools()).tools.map((tool) => tool.name).sort(), ['read_session', 'search_session']);
const shown = await call('read_session', { detail: 'full', maxTokens: 20000 }, remote);
assert.match(shown, /The wisdom is 42/);
assert.doesNotMatch(shown, /inner output/);
assert.match(await call('search_session', { query: 'inner output' }, remote), /Nothing was found/);
await Promise.all(Array.from({ length: 40 }, () => call('read_session', { maxTokens: 200 }, remote)
  .catch((error) => assert.match(String(error.message), /overloaded/))));
await Promise.all(Array.from({ length: 20 }, () => call('read_session', { session: link, maxTokens: 200 })));

// Resources.
const [resource] = (await local.listResources()).resources;
assert.ok(!resource.uri.includes('srpc_'));
assert.match((await local.readResource({ uri: resource.uri })).contents[0].text, /First question/);

// A client may watch a resource, and only one that there is.
assert.equal(local.getServerCapabilities().resources.subscribe, true);
await local.subscribeResource({ uri: resource.uri });
await local.unsubscribeResource({ uri: resource.uri });
await assert.rejects(local.subscribeResource({ uri: 'sharerpc://session/other' }), /No such session/);

// What is missing, or of another type, is named.
assert.match(await refused('read_session', {}), /^read_session needs session: .* Call read_session again with it\.$/);
assert.match(await refused('search_session', { session: link }), /^search_session needs query/);
assert.match(await refused('read_session', { session: link, turn: 'x' }), /^turn of read_session must be integer/);
assert.match(await refused('search_session', {}, remote), /^search_session needs query/);

// What is not a session, a link or a number.
for (const session of ['-', '--help', '@/etc/passwd', '', 'x'.repeat(5000), '/etc/passwd', 'a\u0000b', [], {}, 7, null])
  assert.doesNotMatch(await refused('read_session', { session }), /root:|   at /);
for (const given of [{ turn: 'x' }, { turn: -1 }, { cursor: '../..' }, { cursor: 'x', turn: 1 }, { detail: 'all' }])
  await refused('read_session', { session: link, ...given });
for (const given of [{ expires: 'soon' }, { expires: '-1d' }, { redact: 'everything' }, { label: 'x'.repeat(300) }])
  await refused('invite', { session: link, ...given });
await refused('search_session', { session: link, query: '' });
await refused('search_session', { session: link, query: 'x'.repeat(300) });
await refused('revoke', { link: '--all' });
await refused('no_such_tool', {});
await refused('share_session', {}, remote);
await refused('read_session', { turn: 'x' }, remote);

// Revoked: at both doors, at once.
assert.match(await call('revoke', { link: guest }), /^Revoked/);
assert.match(await refused('read_session', { session: guest }), /taken back/);
assert.match(await refused('read_session', {}, remote), /capability_revoked/);
for (const token of ['', 'nonsense', `${tokenOf(link).slice(0, -1)}x`]) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(new URL('mcp', SERVER), { method: 'POST', body: '{}', headers });
  assert.equal(answer.status, 401);
}
await local.close();

// Lines that are no messages do not end the program.
const raw = spawn('dotnet', args, { stdio: ['pipe', 'pipe', 'ignore'] });
const answers = createInterface({ input: raw.stdout })[Symbol.asyncIterator]();
const odd = ['', 'nonsense', '[]', '{"jsonrpc":"2.0"}', '"\\ud800"', '['.repeat(10000)];
for (const line of odd) raw.stdin.write(`${line}\n`);
const initialize = {
  jsonrpc: '2.0', id: 'first', method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
raw.stdin.write(`${JSON.stringify(initialize)}\n`);
for (;;) {
  const { value, done } = await answers.next();
  assert.ok(!done, 'the program ended');
  if (JSON.parse(value).id === 'first') break;
}
raw.stdin.end();
const exitCode = await new Promise((resolve) => raw.on('exit', resolve));
assert.equal(exitCode, 0);
console.log(JSON.stringify({ pages, tokens: [tokenOf(link), tokenOf(guest)] }));
