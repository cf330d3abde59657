import { Block } from '../../../../detectors/worker/block.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { NativeBlock } from '../../../../ingest/store/native/native-block.js';
import { bareEvent } from '../../../support/token-events.js';

const event = (token: string | null): TokenEvent => ({
  ...bareEvent,
  ...(token !== null && { token: { token_uid: token, fp_key_id: 'k', identity: 'jwt', kind: 'unknown' } }),
});

function blockOf(...tokens: (string | null)[]): Block {
  const block = new Block(new NativeBlock(50));
  tokens.forEach((token, n) => {
    block.addEvent({ event: event(token), partition: 0, offset: BigInt(n) });
    block.addRecord(BigInt(n), 100, 0);
  });
  return block;
}

describe('Block', () => {
  const limits = { blockRowsMax: 5, blockTokensMax: 3, blockBytesMax: 600 };

  it.each([
    ['nothing', [], false],
    ['few rows of few tokens', ['a', 'b', 'a', 'b'], false],
    ['as many rows as it may have', ['a', 'b', 'a', 'b', 'a'], true],
    ['as many tokens as it may have', ['a', 'b', 'c'], true],
    ['events without a token', [null, null, null, null], false],
  ])('with %s: full or not', (_what, tokens, full) => {
    expect(blockOf(...tokens).isFull(limits)).toBe(full);
  });

  it('is full by bytes', () => {
    const block = blockOf('a', 'b');
    expect(block.isFull({ ...limits, blockBytesMax: 201 })).toBe(false);
    expect(block.isFull({ ...limits, blockBytesMax: 200 })).toBe(true);
  });

  it('knows its first event and its last record', () => {
    const block = blockOf('a', 'b');
    expect([block.firstEvent, block.through]).toEqual([0n, 1n]);
  });
});
