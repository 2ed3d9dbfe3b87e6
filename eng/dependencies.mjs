#!/usr/bin/env node
// Lists what is shipped with the tool and the pages, from what NuGet and npm restored (`dotnet restore`, `npm ci`):
//   node eng/dependencies.mjs notices        writes THIRD-PARTY-NOTICES.txt
//   node eng/dependencies.mjs sbom VERSION   prints a CycloneDX document
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const tag = (xml, name) => new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(xml)?.[1].trim();

/** The licences that a package brings; its notices too, unless they are those of a whole product. */
function texts(folder) {
  const most = 16 * 1024;
  return readdirSync(folder, { withFileTypes: true })
    .filter((file) => file.isFile() && /^(licen[cs]e|notice|copying)/i.test(file.name) && !/\.(js|ts)$/.test(file.name))
    .map((file) => file.name).sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r', '').trim())
    .filter((text) => text.length < most);
}

/** The packages of the tool that have code in it. */
function nuget() {
  const assets = read(join(root, 'src/ShareRpc.Cli/obj/project.assets.json'));
  const target = assets.targets['net10.0'];
  const isShipped = (entry) => ['runtime', 'runtimeTargets', 'native'].some((kind) =>
    Object.keys(entry[kind] ?? {}).some((path) => !path.endsWith('_._')));
  return Object.entries(target).filter(([, entry]) => entry.type === 'package' && isShipped(entry)).map(([id]) => {
    const [name, version] = id.split('/');
    const folder = Object.keys(assets.packageFolders).map((from) => join(from, assets.libraries[id].path))
      .find(existsSync);
    const spec = readFileSync(join(folder, `${name.toLowerCase()}.nuspec`), 'utf8');
    const expression = /<license type="expression">([^<]+)</.exec(spec)?.[1];
    return {
      name, version, purl: `pkg:nuget/${name}@${version}`, license: expression ?? 'see its text',
      by: tag(spec, 'copyright') ?? tag(spec, 'authors'), at: tag(spec, 'projectUrl'), texts: texts(folder),
    };
  });
}

/** The packages that Vite may put into the pages, and those that the npm packages need. */
function npm() {
  const lock = read(join(root, 'package-lock.json')).packages;
  return Object.entries(lock).filter(([path, entry]) => path.startsWith('node_modules/') && !entry.dev && !entry.link
    && !entry.optional && !entry.peer && existsSync(join(root, path))).map(([path, entry]) => {
    const own = read(join(root, path, 'package.json'));
    const author = typeof own.author === 'object' ? own.author.name : own.author;
    return {
      name: own.name, version: entry.version, purl: `pkg:npm/${own.name.replace('@', '%40')}@${entry.version}`,
      license: entry.license ?? own.license ?? 'see its text', by: author, at: own.homepage,
      texts: texts(join(root, path)),
    };
  });
}

const order = (a, b) => (a.purl < b.purl ? -1 : 1);

function notices() {
  const all = [...nuget(), ...npm()].sort(order);
  const known = new Map();
  const number = (text) => known.get(text) ?? known.set(text, known.size + 1).get(text);
  const list = all.map((item) => [
    `${item.name} ${item.version}`, `  licence: ${item.license}`, item.by && `  by: ${item.by}`,
    item.at && `  at: ${item.at}`, item.texts.length > 0 && `  text: ${item.texts.map(number).join(', ')}`,
  ].filter(Boolean).join('\n'));
  const bodies = [...known].map(([text, at]) => `${'='.repeat(40)} text ${at}\n\n${text}`);
  const by = 'a test compares it with what is used';
  return `What ShareRpc ships of others. Made by \`node eng/dependencies.mjs notices\`; ${by}.
The archives also hold the .NET runtime (MIT, https://github.com/dotnet/runtime, with its own notices) and SQLite
(public domain, https://sqlite.org).

${list.join('\n\n')}

${bodies.join('\n\n')}
`;
}

function sbom(version) {
  const components = [...nuget(), ...npm()].sort(order).map((item) => ({
    type: 'library', 'bom-ref': item.purl, name: item.name, version: item.version, purl: item.purl,
    licenses: /^[A-Za-z0-9.+-]+$/.test(item.license) ? [{ license: { id: item.license } }]
      : /[ (]/.test(item.license) && item.license !== 'see its text' ? [{ expression: item.license }]
      : [{ license: { name: item.license } }],
  }));
  const digest = createHash('sha256').update(JSON.stringify(components) + version).digest('hex');
  const uuid = [8, 4, 4, 4, 12].map((length, at, all) =>
    digest.slice(all.slice(0, at).reduce((sum, next) => sum + next, 0)).slice(0, length)).join('-');
  return {
    bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${uuid}`, version: 1,
    metadata: { component: { type: 'application', 'bom-ref': 'sharerpc', name: 'sharerpc', version } }, components,
  };
}

const [what, version] = process.argv.slice(2);
if (what === 'notices') writeFileSync(join(root, 'THIRD-PARTY-NOTICES.txt'), notices());
else if (what === 'sbom' && version) console.log(JSON.stringify(sbom(version), null, 2));
else throw new Error('usage: eng/dependencies.mjs notices | sbom VERSION');
