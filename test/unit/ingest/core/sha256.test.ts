import { createHash } from 'node:crypto';
import { sha256Hex } from '../../../../ingest/core/sha256.js';

describe('sha256Hex', () => {
  it.each(['', 'abc', 'ü😀\u0000'])('%j', (text) => {
    expect(sha256Hex(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
  });
});
