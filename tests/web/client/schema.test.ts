import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const schema = JSON.parse(read('../../../protocol/schema/messages.json')).$defs;
const types = read('../../../src/clients/js/src/wire.ts');
const source = ts.createSourceFile('wire.ts', types, ts.ScriptTarget.Latest, true);

/** Types of wire.ts, and what the schema calls them. */
const NAMES: Record<string, string> = {
  Caveats: 'Caveats', NewOp: 'OpIntent', Batch: 'OpBatch', Ack: 'Ack', OpPage: 'OpPage',
  PushedPage: 'PushedPage',
  ReadOpsRequest: 'ReadOpsRequest',
  Doc: 'Document', DocKey: 'DocKey', GetStateRequest: 'GetStateRequest', StatePage: 'StatePage',
  RedeemShareRequest: 'RedeemShareRequest', RedeemRootRequest: 'RedeemRootRequest', Features: 'ProtocolFeatures',
  RootAttenuateRequest: 'AttenuateRequest', CreateShareRequest: 'CreateShareRequest',
  RotateRequest: 'RotateCapabilityRequest',
  CapabilityCreated: 'CapabilityCreated', CapabilityChanged: 'CapabilityChanged', CapabilityInfo: 'CapabilityInfo',
  CapabilityPage: 'CapabilityPage', ShareInfo: 'ShareInfo', SharePage: 'ShareList', AuditEntry: 'AuditEntry',
  AuditPage: 'AuditPage', ServerStatus: 'ServerStatus', ListRequest: 'PageRequest',
};

const interfaces = new Map(source.statements.filter(ts.isInterfaceDeclaration).map((one) => [one.name.text, one]));

/** The members of a type, those it extends included, with whether each must be there. */
function membersOf(name: string): Map<string, boolean> {
  const declared = interfaces.get(name)!;
  const inherited = (declared.heritageClauses ?? []).flatMap((clause) => clause.types.map((type) => type.getText()));
  const own = declared.members.filter(ts.isPropertySignature)
    .map((member) => [member.name.getText(), member.questionToken === undefined] as const);
  return new Map([...inherited.flatMap((base) => [...membersOf(base)]), ...own]);
}

describe('the types of the client', () => {
  test.each(Object.entries(NAMES))('%s has the members that the schema has of %s', (name, there) => {
    const { properties, required = [] } = schema[there];
    const members = membersOf(name);
    expect([...members.keys()].sort()).toEqual(Object.keys(properties).sort());
    for (const member of required) expect(members.get(member), `${member} must be there`).toBe(true);
  });
});
