import { expect, test } from 'vitest';
import { bytes, short } from '../../../src/viewer/src/shared/format.ts';

test('a number of tokens is shortened', () => {
  expect(short(950)).toBe('950');
  expect(short(12_345)).toBe('12.3k');
  expect(short(4_100_000)).toBe('4.1M');
});

test('a number that is rounded up to a million is one', () => {
  expect(short(999_499)).toBe('999k');
  expect(short(999_960)).toBe('1M');
  expect(bytes(999_960)).toBe('1 MB');
});
