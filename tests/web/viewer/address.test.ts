import { describe, expect, it } from 'vitest';
import { Kept } from '../../../src/viewer/src/shared/kept.ts';
import { isLanding, pastedLink, placeOf, wholeLink } from '../../../src/viewer/src/viewer/address.ts';

const token = 'srpc_1xrtFHuR7FV1FHzPRyqmGO_o9zZCmN2SwcRZG3Sg76A3JrYXry9yHqMi1TgSMJOHZp_3di6ls';
const shareId = '1bebyMS5Cj5k7Tbt2Amytz';
const server = 'https://h.example/x';

describe('an address', () => {
  it.each([
    `${server}/s/${shareId}#${token}`, `${server}/s/${shareId}%23${token}`,
      `${server}/s/${shareId}/?utm_source=x#${token}).`,
  ])('is that of a share with its token: %s', (address) =>
    expect(placeOf(new URL(address))).toEqual({ server, shareId, token, message: undefined }));

  it('is that of a message in a share, or of a share alone', () => {
    expect(placeOf(new URL(`${server}/s/${shareId}#m-a%20b`))).toEqual({ server, shareId, token: undefined,
      message: 'a b' });
    expect(placeOf(new URL(`${server}/s/${shareId}/`))).toMatchObject({ server, shareId, token: undefined });
  });

  it.each(['', ').', '>', '&x=1', '\n', '"'])('is that of a message with the key, with %j behind it', (end) => {
    const link = wholeLink(server, shareId, token, { message: 'a b' });
    expect(link).toBe(`${server}/s/${shareId}#${token}&m=a%20b`);
    expect(pastedLink(`<${link}${end}`, server)).toEqual({ server, shareId, token, message: 'a b' });
    expect(placeOf(new URL(link.replace('#', '%23') + end))).toEqual({ server, shareId, token, message: 'a b' });
  });

  it('is the root of a server, which asks for a link, also below a path', () => {
    for (const root of ['https://h/', 'https://h/base/']) {
      expect(isLanding(new URL(root))).toBe(true);
      expect(placeOf(new URL(root))).toMatchObject({ server: root.slice(0, -1), shareId: undefined, token: undefined });
    }
    for (const other of ['/s/', '/share/', `/s/${shareId}`, `/#${token}`]) {
      const isLink = other === `/#${token}` || isLanding(new URL(`https://h${other}`));
      expect(isLink).toBe(other.startsWith('/#'));
    }
  });

  it('is no link of another server, wherever that stands in it', () => {
    const other = `https://evil.example/s/${shareId}#${token}`;
    expect(placeOf(new URL(`${server}/s/?to=${other}`)).token).toBeUndefined();
    expect(placeOf(new URL(`${server}/s/${shareId}#${other}`)).token).toBeUndefined();
    expect(pastedLink(other, server)).toBeUndefined();
    expect(pastedLink(`<${server}/share/${token}>.`, server)).toEqual({ server, token });
  });
});

describe('what is kept', () => {
  it('is kept in memory where site data is blocked', () => {
    const kept = new Kept(() => { throw new DOMException('blocked', 'SecurityError'); }, 'p.');
    kept.set('a', '1');
    expect(kept.get('a')).toBe('1');
    kept.delete('a');
    expect(kept.get('a')).toBeUndefined();
  });

  it('is kept in memory where the storage is full', () => {
    const full = { getItem: () => null, setItem: () => { throw new DOMException('full', 'QuotaExceededError'); },
      removeItem() {} };
    const kept = new Kept(() => full as never, 'p.');
    kept.set('a', '1');
    expect(kept.get('a')).toBe('1');
  });
});
