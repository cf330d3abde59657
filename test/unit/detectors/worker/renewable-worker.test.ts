import { detectorsOptionsSchema, type DetectorsOptions } from '../../../../detectors/registry.js';
import { RenewableWorker } from '../../../../detectors/worker/renewable-worker.js';
import type { Worker } from '../../../../detectors/worker/worker.js';
import { silentLogger } from '../../../../ingest/core/logger.js';

const options = (change: unknown = {}): DetectorsOptions => detectorsOptionsSchema.parse(change);

/** Workers that write down what befalls them; the starts that are named by their number fail. */
function made(failing: readonly number[] = []) {
  const steps: string[] = [];
  let count = 0;
  const make = ({ rate }: DetectorsOptions): Worker => {
    count += 1;
    const n = count;
    return {
      name: 'worker',
      stages: [],
      start: () => {
        steps.push(`start ${n} with ${rate.threshold}`);
        return failing.includes(n) ? Promise.reject(new Error('not now')) : Promise.resolve();
      },
      stop: () => Promise.resolve(void steps.push(`stop ${n}`)),
      status: () => [],
      caughtUp: () => Promise.resolve(true),
      expectNoMore: () => undefined,
      finish: () => Promise.resolve(),
    };
  };
  return { steps, worker: new RenewableWorker(make, options(), silentLogger) };
}

describe('a worker whose detectors are set anew', () => {
  it('ends in order and begins with the new settings, and stays where nothing of them changes', async () => {
    const { steps, worker } = made();
    await worker.start();
    await worker.configure(options({ observe: ['rate'] }));
    await worker.configure(options({ rate: { threshold: 5 } }));
    await worker.configure(options({ rate: { threshold: 5 }, observe: ['novelty'] }));
    await worker.configure(Object.assign(options({ rate: { threshold: 5 } }), { tests: [{ name: 'of settings' }] }));
    await worker.stop(1000);
    expect(steps).toEqual(['start 1 with 6', 'stop 1', 'start 2 with 5', 'stop 2']);
  });

  it('begins anew for other overrides', async () => {
    const { steps, worker } = made();
    const overrides = [{ kind: 'api_key', off: ['rate'] }];
    await worker.start();
    await worker.configure(options({ overrides }));
    await worker.configure(options({ overrides }));
    expect(steps).toEqual(['start 1 with 6', 'stop 1', 'start 2 with 6']);
  });

  it('takes one change after the other, and none after its stop', async () => {
    const { steps, worker } = made();
    await worker.start();
    const both = [worker.configure(options({ rate: { threshold: 5 } })), worker.configure(options({ rate: { threshold: 4 } }))];
    await Promise.all([...both, worker.stop(1000)]);
    await worker.configure(options({ rate: { threshold: 3 } }));
    expect(steps.filter((step) => step.startsWith('start 1') || step === 'stop 1')).toEqual(['start 1 with 6', 'stop 1']);
    expect(steps.at(-1)).toMatch(/^stop/);
    expect(steps.join()).not.toContain('with 3');
  }); // prettier-ignore

  it('tries again where it does not begin', async () => {
    const { steps, worker } = made([2]);
    await worker.start();
    await worker.configure(options({ rate: { threshold: 5 } }));
    expect(steps).toEqual(['start 1 with 6', 'stop 1', 'start 2 with 5', 'stop 2', 'start 3 with 5']);
  });
});
