// The files that make and run a container, looked at as a linter does: no engine runs where this is built.
import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = new URL('../../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const settings = new Set([...read('docs/configuration.md').matchAll(/^\| `([a-z_]+)` \|/gm)]
  .map((row) => `SHARERPC_${row[1]!.toUpperCase()}`));

interface Service {
  image?: string;
  read_only?: boolean;
  cap_drop?: string[];
  restart?: string;
  environment?: Record<string, string>;
  volumes?: string[];
}

describe('Dockerfile', () => {
  const text = read('Dockerfile');

  it('has no finding of the linter', () => expect(validate(text)).toEqual([]));

  it('names the version of its base, and runs as a user without rights', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map((line) => line[1]!);
    expect(bases.every((base) => /:[^:]+$/.test(base) && !base.endsWith(':latest'))).toBe(true);
    const user = /^USER (\d+):(\d+)$/m.exec(text)!;
    expect(Number(user[1])).toBeGreaterThan(0);
  });

  it('has a volume, a health check and commands in their exec form, and runs no shell', () => {
    expect(text).toMatch(/^VOLUME \["\/data"\]$/m);
    expect(text).toMatch(/^ {2}CMD \["\/opt\/sharerpc\/sharerpc", "doctor", "--ready"/m);
    expect(text).toMatch(/^ENTRYPOINT \[/m);
    expect(text).not.toMatch(/^RUN /m);
  });

  it('sets only settings that there are', () => {
    const names = [...text.matchAll(/SHARERPC_[A-Z_]+/g)].map((name) => name[0]);
    expect(names.filter((name) => !settings.has(name))).toEqual([]);
  });
});

describe.each(['compose.yaml', 'compose.cluster.yaml'])('%s', (file) => {
  const { services, volumes } = parse(read(file), { merge: true }) as
    { services: Record<string, Service>; volumes: Record<string, unknown> };

  it('runs servers without rights, on a root that is read-only', () => {
    const servers = Object.values(services).filter((service) => service.image === undefined);
    expect(servers.length).toBeGreaterThan(0);
    for (const server of servers) {
      expect(server).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(['unless-stopped', 'no']).toContain(server.restart);
      const others = Object.keys(server.environment ?? {}).filter((name) => name.startsWith('SHARERPC_'));
      expect(others.filter((name) => !settings.has(name))).toEqual([]);
    }
  });

  it('names the versions of its images and declares its volumes', () => {
    for (const service of Object.values(services)) {
      if (service.image !== undefined) expect(service.image).toMatch(/:[^:]+$/);
      for (const volume of service.volumes ?? []) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
  });
});
