import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createObjectCollector, objectConfigSchema } from '../../../../ingest/collectors/objects/object-collector.js';
import type { NoticeQueue, ObjectStore } from '../../../../ingest/collectors/objects/object-store.js';
import { SourceRefusal } from '../../../../ingest/collectors/poll/source-fault.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { cloudtrailFactory } from '../../../../ingest/sources/cloudtrail/source.js';
import { base, MemorySink, until, wallClock } from '../pipeline/support.js';

// In ES modules jest gives itself out here.
const { jest } = import.meta;

const trail = (id: string): string =>
  JSON.stringify({ Records: [{ eventVersion: '1.09', eventID: id, eventTime: '2026-10-10T13:55:36Z', eventSource: 's3.amazonaws.com', eventName: 'GetObject', userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/a', accountId: '123456789012', userName: 'a' } }] }); // prettier-ignore

describe('a batch of notices', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is held whole while one object is read, and one that is refused keeps none of the others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tq-notices-'));
    const checkpoints = await openCheckpointStore(join(folder, 'files.json'), {
      clock: wallClock,
      logger: base.logger,
    });
    const [sink, held, done]: [MemorySink, string[], string[]] = [new MemorySink(), [], []];
    const batches = [['a', 'refused', 'b']];
    let goOn = (): void => undefined;
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    let asked = 0;
    const store: ObjectStore = {
      bucket: 'trail',
      place: 'trail',
      list: () => Promise.reject(new Error('is told by notices')),
      async open(key) {
        asked += 1;
        if (key === 'refused') throw new SourceRefusal(403, 'Reading failed (InvalidObjectState, 403).', 'Restore it.');
        if (key === 'a') await slow;
        return Readable.from([Buffer.from(trail(key))]);
      },
    };
    const queue: NoticeQueue = {
      redrive: 'give the queue a redrive policy',
      receive: () =>
        Promise.resolve((batches.shift() ?? []).map((id) => ({ id, objects: [{ bucket: 'trail', key: id }] }))),
      hold: (ids) => Promise.resolve(void held.push(...ids)),
      done: (id) => Promise.resolve(void done.push(id)),
    };
    jest.useFakeTimers({ doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date', 'hrtime'] }); // prettier-ignore
    const collector = createObjectCollector(objectConfigSchema.parse({ interval_ms: 100 }), store, queue, {
      ...base, clock: wallClock, sink, checkpoints, health: new HealthRegistry(), name: 't', statePath: join(folder, 's3.json'),
      binding: { source: cloudtrailFactory.create({}), instance: 'i' },
    }); // prettier-ignore
    try {
      await collector.start();
      await until(() => asked === 1, () => [asked]); // prettier-ignore
      jest.advanceTimersByTime(120_000);
      expect(held).toEqual(['a', 'refused', 'b']);
      goOn();
      await until(() => done.length === 2, () => [done, sink.events.length]); // prettier-ignore
      expect([done, sink.events.length, asked]).toEqual([['a', 'b'], 2, 3]);
    } finally {
      goOn();
      await collector.stop(2_000);
      await checkpoints.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
