// The client of protocol/conformance: vite-node conformance.ts reader|plain LINK DIRECTORY
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { foldOp, parseLink, PlainWriter, ShareFollower, type Doc } from '../../../src/clients/js/src/index.js';

const say = (line: object) => console.log(JSON.stringify(line));
const nameOf = ({ kind, key }: { kind: string; key: string }) => `${kind}\0${key}`;

const platform = { WebSocket: WebSocket as unknown as typeof globalThis.WebSocket };
const link = parseLink(process.argv[3]!)!;
if (process.argv[2] === 'plain') await writePlainly();
const documents = new Map<string, Doc>();

const reason = await new Promise((resolve) => {
  new ShareFollower(link.server, {
    ...platform,
    token: link.token,
    shareId: link.shareId,
    after: 0,
    onGap: () => documents.clear(),
    onDocs: (docs) => docs.forEach((doc) => documents.set(nameOf(doc), doc)),
    onOps: (ops) => {
      for (const op of ops) {
        say({ cursor: op.cursor });
        if (op.hidden) continue;
        const doc = foldOp(documents.get(nameOf(op)), op);
        if (doc) documents.set(nameOf(op), doc);
        else documents.delete(nameOf(op));
      }
    },
    onEnd: resolve,
  }).start();
});

const sorted = [...documents.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
say({ documents: sorted.map(([, { kind, key, data }]) => ({ kind, key, data })) });
if (reason !== 'ended') console.error(String(reason));
process.exit(reason === 'ended' ? 0 : 3);

async function writePlainly(): Promise<never> {
  process.stdin.removeAllListeners('end'); // vite ends the program with its input
  const ops = [];
  for await (const line of createInterface({ input: process.stdin })) ops.push(JSON.parse(line));
  const writer = new PlainWriter(link.server, { ...platform, token: link.token, shareId: link.shareId });
  try {
    for (const { op_id, outcome, code } of await writer.append(ops)) if (outcome === 'rejected') say({ parked: op_id,
      code });
    process.exit(0);
  } catch (error) {
    console.error(String(error));
    process.exit(3);
  }
}
