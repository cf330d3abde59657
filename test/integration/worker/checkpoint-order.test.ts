import type { Finding } from '../../../detectors/core/finding.js';
import { HandOver } from '../../../detectors/core/hand-over.js';
import { entityOf } from '../../../detectors/core/observation.js';
import { createDetectors, detectorsOptionsSchema } from '../../../detectors/registry.js';
import { CheckpointStore } from '../../../detectors/worker/checkpoint-store.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import type { EventWriter, Store } from '../../../ingest/store/store.js';
import { makeEvent, tokenUid } from '../../support/token-events.js';
import { openTestStore } from '../store/support.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const MINUTE_MS = 60_000;
/** More than one insert of states. */
const FILLERS = 2100;
const KEYS_MAX = 10_000;

const detectors = createDetectors(
  detectorsOptionsSchema.parse({ silence: { period_hours: 0.1, periods_min: 2, minutes_min: 1 } }),
);
const newRuntime = (): PartitionRuntime =>
  new PartitionRuntime({ stage: 'principal', detectors, allowedLatenessMs: 1000, entitiesMax: KEYS_MAX });

function said(instance: string, token: string, minute: number): TokenEvent {
  const event = makeEvent({ timeMs: T0 + minute * MINUTE_MS, token, id: `${token} ${minute}` });
  return { ...event, source: { ...event.source, instance } };
}
const fillers = (minute: number): readonly TokenEvent[] =>
  Array.from({ length: FILLERS }, (_, n) => said('first', `filler${n}`, minute));

/** The key `watched` speaks whenever its source does, which falls silent from minute 21 to minute 60. */
const before = [
  ...fillers(0),
  ...Array.from({ length: 20 }, (_, n) => [said('second', 'other', 1 + n), said('first', 'watched', 1 + n)]).flat(),
];
const after = [
  ...Array.from({ length: 39 }, (_, n) => said('second', 'other', 21 + n)),
  ...fillers(60),
  said('first', 'watched', 60),
  ...[61, 62, 63].flatMap((minute) => [said('second', 'other', minute), said('first', 'filler0', minute)]),
];

/** The store of a worker that is killed at its second insert. */
function killedAtSecondInsert({ writer, querier }: Store): Pick<Store, 'writer' | 'querier'> {
  let inserts = 0;
  const insertRows = (...args: Parameters<EventWriter['insertRows']>): Promise<void> => {
    inserts += 1;
    if (inserts > 1) return Promise.reject(new Error('killed'));
    return writer.insertRows(...args);
  };
  const dying = Object.create(writer) as EventWriter;
  return { querier, writer: Object.assign(dying, { insertRows }) };
}

const endOf = (runtime: PartitionRuntime): readonly Finding[] => {
  runtime.end(T0 + 63 * MINUTE_MS);
  return runtime.takeFindings().filter(({ entity_uid: uid }) => uid === tokenUid('watched'));
};

describe('a checkpoint that a kill cuts in two', () => {
  it('leaves no state ahead of what looks at it: a key is not missed while its source is silent', async () => {
    const handOver = new HandOver();
    const handedOn = [...before, ...after].flatMap((event) => handOver.take(event).map((one) => one.event));
    const cut = handedOn.findIndex(({ time }) => Date.parse(time) >= T0 + 21 * MINUTE_MS);
    const offer = (runtime: PartitionRuntime, from: number, to: number): void => {
      for (let n = from; n < to; n += 1) runtime.offer(handedOn[n]!, { offset: BigInt(n), ordinal: 0 });
    };
    const opened = await openTestStore();
    const { store } = opened;
    try {
      const whole = newRuntime();
      const first = new CheckpointStore(store, 'principal', 0);
      offer(whole, 0, cut);
      await first.save(whole, BigInt(cut), 1000, () => []);
      offer(whole, cut, handedOn.length);
      const { length: end } = handedOn;
      const dying = new CheckpointStore(killedAtSecondInsert(store), 'principal', 0);
      await expect(dying.save(whole, BigInt(end), 2000, () => [])).rejects.toThrow('killed');

      const next = new CheckpointStore(store, 'principal', 0);
      const marker = (await next.readMarker())!;
      expect(marker.next).toBe(BigInt(cut));
      const restored = newRuntime();
      const applied = await next.restore(restored, marker, KEYS_MAX);
      let passedOver = 0;
      for (let n = Number(marker.replayFrom); n < handedOn.length; n += 1) {
        const event = handedOn[n]!;
        const position = { offset: BigInt(n), ordinal: 0 };
        if (applied.has(entityOf(event, 'principal') ?? '', position)) {
          passedOver += 1;
          restored.passOver(event);
        } else {
          restored.offer(event, position);
        }
      }
      // The first insert was kept: some states are ahead of the marker.
      expect(passedOver).toBeGreaterThan(1000);
      expect(endOf(whole)).toEqual([]);
      expect(endOf(restored)).toEqual([]);
    } finally {
      await opened.close();
    }
  });
});
