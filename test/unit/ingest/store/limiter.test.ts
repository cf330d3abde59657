import { Limiter } from '../../../../ingest/store/limiter.js';

describe('Limiter', () => {
  it('runs at most as many as it has places, in order, also past failures', async () => {
    const limiter = new Limiter(2);
    const started: number[] = [];
    const gates = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
    const operation = (id: number) => (): Promise<void> => {
      started.push(id);
      return new Promise((resolve, reject) => gates.set(id, { resolve, reject }));
    };
    const runs = [0, 1, 2, 3].map((id) => limiter.run(operation(id)));
    const settled = Promise.allSettled(runs);
    expect(started).toEqual([0, 1]);
    gates.get(1)!.reject(new Error('no'));
    await expect(runs[1]).rejects.toThrow('no');
    expect(started).toEqual([0, 1, 2]);
    gates.get(0)!.resolve();
    await runs[0];
    expect(started).toEqual([0, 1, 2, 3]);
    gates.get(2)!.resolve();
    gates.get(3)!.resolve();
    expect((await settled).map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });

  it('lets one run alone after all before it and before all behind it, and two of these one after the other', async () => {
    const limiter = new Limiter(2);
    const ended: string[] = [];
    let open = (): void => undefined;
    const long = limiter.run(() => new Promise<void>((resolve) => (open = resolve))).then(() => ended.push('long'));
    const next = (name: string) => (): Promise<void> => {
      ended.push(name);
      return Promise.resolve();
    };
    const rest = [limiter.runAlone(next('alone')), limiter.run(next('behind')), limiter.runAlone(next('alone too'))];
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual([]);
    open();
    await Promise.all([long, ...rest]);
    expect(ended.filter((name) => name !== 'long')).toEqual(['alone', 'behind', 'alone too']);
  });
});
