import { describe, expect, it } from 'vitest';
import { isOmitted, renderOmitted } from '../../../src/viewer/src/viewer/parts/omitted.ts';

const placeholder = {
  type: 'file', url: '[left out: 9437184 bytes]', omitted: { size: 9437311, name: 'scan.pdf', reason: 'too_large' },
};

describe('a placeholder', () => {
  it('is told by its member omitted and by nothing else', () => {
    expect(isOmitted(placeholder)).toBe(true);
    for (const data of [{ type: 'file' }, { omitted: true }, { omitted: {} }, { omitted: { size: '9' } }, null, 7])
      expect(isOmitted(data)).toBe(false);
  });

  it('says what was left out, how large it is and why', () => {
    expect(renderOmitted(placeholder).values).toEqual(['scan.pdf', '9,437,311', 'larger than a share takes']);
    expect(renderOmitted({ omitted: { size: 1, reason: 'constructor' } }).values).toEqual(['part', '1', 'not sent']);
  });
});
