import { HealthRegistry } from '../../../../ingest/core/health.js';

const stateOf = (health: HealthRegistry, nowMs: number) => health.status(nowMs).parts[0]?.state;

describe('HealthRegistry', () => {
  it('is not ready before a declared part has reported', () => {
    const health = new HealthRegistry();
    health.declare('worker', { maxAgeMs: 1000 });
    expect(health.status(0)).toMatchObject({ ready: false, parts: [{ part: 'worker', state: 'starting' }] });
  });

  it('lets an idle part be old', () => {
    const health = new HealthRegistry();
    health.declare('worker', { maxAgeMs: 1000 });
    health.report('worker', 0);
    expect([stateOf(health, 1000), stateOf(health, 1_000_000)]).toEqual(['ok', 'idle']);
    expect(health.status(1_000_000).ready).toBe(true);
  });

  it('takes a part with waiting work for stale once its last work is too old', () => {
    const health = new HealthRegistry();
    health.declare('worker', { maxAgeMs: 1000 });
    health.report('worker', 0);
    health.lag('worker', 5, 10_000);
    expect([stateOf(health, 11_000), stateOf(health, 11_001)]).toEqual(['ok', 'stale']);
    health.lag('worker', 9, 11_001);
    expect(stateOf(health, 11_001)).toBe('stale');
    health.report('worker', 11_002);
    expect(stateOf(health, 11_002)).toBe('ok');
  });

  it('holds a failure until the next work', () => {
    const health = new HealthRegistry();
    health.report('store', 0);
    health.fail('store', 'no space is left');
    expect(health.status(0)).toMatchObject({ ready: false, parts: [{ state: 'failing', reason: 'no space is left' }] });
    health.report('store', 1);
    expect(health.status(1).ready).toBe(true);
  });

  it('is not set back by a report that comes late', () => {
    const health = new HealthRegistry();
    health.report('a', 100);
    health.report('a', 50);
    expect(health.status(100).parts[0]?.lastReportMs).toBe(100);
  });
});
