import fc from 'fast-check';
import { TimeHeap, type Timed } from '../../../../detectors/worker/time-heap.js';

describe('TimeHeap', () => {
  it('gives items in the order of time, then id, whatever order they came in', () => {
    const item = fc.record({ timeMs: fc.integer({ min: 0, max: 20 }), id: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const heap = new TimeHeap<Timed>();
        for (const one of items) heap.push(one);
        const sorted = [...items].sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
        const popped: Timed[] = [];
        for (let one = heap.pop(); one !== undefined; one = heap.pop()) popped.push(one);
        expect(popped.map(({ timeMs, id }) => [timeMs, id])).toEqual(sorted.map(({ timeMs, id }) => [timeMs, id]));
      }),
    );
  });
});
