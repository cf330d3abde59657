import fc from 'fast-check';
import { DedupeWindow } from '../../../../detectors/worker/dedupe-window.js';

const uid = (n: number): string => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;

describe('DedupeWindow', () => {
  it('never takes a seen event for new, nor an unseen one for seen', () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const window = new DedupeWindow(40, -Infinity);
        const seen = new Set<number>();
        for (const { id } of steps) {
          // The time belongs to the event: a duplicate has the same.
          const timeMs = id * 10;
          const said = window.look(uid(id), timeMs);
          if (said === 'new') expect(seen.has(id)).toBe(false);
          if (said === 'seen') expect(seen.has(id)).toBe(true);
          if (!seen.has(id)) window.add(uid(id), timeMs);
          seen.add(id);
        }
      }),
    );
  });

  it('forgets the older half only, and then is unsure of what is as old as what it forgot', () => {
    const window = new DedupeWindow(10, -Infinity);
    for (let n = 0; n < 30; n += 1) window.add(uid(n), n);
    expect(window.size).toBeLessThanOrEqual(20);
    expect(window.look(uid(25), 25)).toBe('seen');
    expect(window.look(uid(3), 3)).toBe('unsure');
    expect(window.look(uid(1000), 40)).toBe('new');
  });

  it('is unsure of what its start does not cover and of times that cannot be trusted', () => {
    const window = new DedupeWindow(10, 1000);
    expect(window.look(uid(1), 1000)).toBe('unsure');
    expect(window.look(uid(1), 1001)).toBe('new');
    expect(window.look(uid(1), NaN)).toBe('unsure');
    window.add(uid(1), NaN);
    expect(window.look(uid(1), NaN)).toBe('seen');
    for (let n = 2; n < 40; n += 1) window.add(uid(n), NaN);
    expect(window.look(uid(100), 1001)).toBe('new');
  });

  it('tells ids apart that differ in one digit anywhere, and reads capitals', () => {
    const base = 'abcdef01-2345-8678-9abc-def012345678';
    const window = new DedupeWindow(1000, -Infinity);
    window.add(base, 1);
    expect(window.look(base.toUpperCase(), 1)).toBe('seen');
    for (let at = 0; at < base.length; at += 1) {
      if (base[at] === '-') continue;
      const other = base.slice(0, at) + (base[at] === '0' ? '1' : '0') + base.slice(at + 1);
      expect(window.look(other, 1)).toBe('new');
    }
  });
});
