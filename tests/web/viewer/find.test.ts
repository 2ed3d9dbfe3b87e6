import { expect, test } from 'vitest';
import type { ShareSearchPage } from '@sharerpc/client';
import { addressOf, Finding } from '../../../src/viewer/src/admin/find-view.ts';

const share = (id: string, kind = 'part', key = 'prt_2', message = 'msg_1') =>
  ({ share_id: id, hit: { kind, key, cursor: 1, message, snippet: 'words' } } satisfies
    ShareSearchPage['shares'][number]);

test('pages of sessions follow each other, and an outdated answer is dropped', async () => {
  const asked: [string, number | undefined][] = [];
  const pages: ShareSearchPage[] = [{ shares: [share('a')], next: 7 }, { shares: [share('b')] }];
  const waiting: (() => void)[] = [];
  const finding = new Finding((query, after) => {
    asked.push([query, after]);
    return new Promise((done) => waiting.push(() => done(pages.shift()!)));
  }, () => {});
  finding.query = 'words';
  const first = finding.run();
  expect(finding.isBusy).toBe(true);
  waiting.shift()!();
  await first;
  const more = finding.run(true);
  waiting.shift()!();
  await more;
  expect(asked).toEqual([['words', undefined], ['words', 7]]);
  expect(finding.shares?.map((each) => each.share_id)).toEqual(['a', 'b']);
  expect(finding.next).toBeUndefined();

  pages.push({ shares: [share('old')] }, { shares: [share('new')] });
  const outdated = finding.run();
  const newest = finding.run();
  waiting.shift()!();
  waiting.shift()!();
  await Promise.all([outdated, newest]);
  expect(finding.shares?.map((each) => each.share_id)).toEqual(['new']);
});

test('a hit has the address of its message, without a token', () => {
  expect(addressOf('https://a.example', share('s'))).toBe('https://a.example/s/s#m-msg_1');
  expect(addressOf('https://a.example', share('s', 'message', 'm 1'))).toBe('https://a.example/s/s#m-m%201');
  expect(addressOf('https://a.example', share('s', 'session', 'x', ''))).toBe('https://a.example/s/s');
});
