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
});
