import type { PositionedEvent } from '../../../../ingest/store/store.js';
import { splitByMonths } from '../../../../ingest/store/writer.js';

const at = (time: string, offset: number): PositionedEvent => ({
  event: {
    schema_version: 1,
    event_uid: '00000000-0000-8000-8000-000000000000',
    time,
    observed_time: time,
    source: { product: 'nginx', instance: 'i', kind: 'proxy' },
    action: 'use',
    outcome: 'success',
  },
  partition: 0,
  offset: BigInt(offset),
});

describe('splitByMonths', () => {
  it('leaves a block of few months alone, and an empty one', () => {
    const events = [at('2026-01-01T00:00:00.000Z', 0), at('2026-02-01T00:00:00.000Z', 1)];
    expect(splitByMonths(events, 2)).toEqual([events]);
    expect(splitByMonths([], 2)).toEqual([]);
  });

  it('cuts by month, oldest first, keeps the order inside and every event once, whatever the order of arrival', () => {
    const events = [5, 1, 3, 1, 2, 5, 4].map((month, i) => at(`2026-0${month}-07T00:00:00.000Z`, i));
    const groups = splitByMonths(events, 2).map((group) => group.map(({ offset }) => Number(offset)));
    expect(groups).toEqual([
      [1, 3, 4],
      [2, 6],
      [0, 5],
    ]);
  });
});
