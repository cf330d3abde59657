import { CheckpointStore } from '../../../../detectors/worker/checkpoint-store.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { createDetectors } from '../../../../detectors/registry.js';
import type { Query } from '../../../../ingest/store/store.js';
import { makeEvent } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 0, 5, 10);
const detectors = createDetectors().filter(({ stages }) => stages.includes('token'));
const newRuntime = (): PartitionRuntime =>
  new PartitionRuntime({ stage: 'token', detectors, allowedLatenessMs: 1000, entitiesMax: 10 });

/** A store whose rows these texts are. */
const storeOf = (state: string): ConstructorParameters<typeof CheckpointStore>[0] => ({
  querier: {
    lines: () => {
      throw new Error('nothing is streamed here');
    },
    run: <P, R>({ row }: Query<P, R>): Promise<readonly R[]> =>
      Promise.resolve([row.parse({ entity_uid: 'tok_one', state })]),
  },
  writer: {} as ConstructorParameters<typeof CheckpointStore>[0]['writer'],
});
const marker = { next: 7n, replayFrom: 7n, watermarkMs: T0, sources: [] };

describe('the state of an entity', () => {
  const seen = newRuntime();
  for (let n = 0; n < 5; n += 1) {
    const event = { ...makeEvent({ timeMs: T0 + n * 60_000, token: 'one' }) };
    seen.offer(event, { offset: BigInt(n), ordinal: 0 });
  }
  seen.flush();
  const [entity] = [...seen.keyed.all()];
  if (entity === undefined) throw new Error('No entity was made.');
  const encoded = seen.keyed.encode(entity);
  /** As it was stored before states at their beginning were left out. */
  const whole = {
    ...encoded,
    detectors: Object.fromEntries(
      detectors
        .map((detector, i) => ({ detector, state: entity.states[i] }))
        .map(({ detector, state }) => [detector.id, [detector.version, detector.encode(state)]]),
    ),
  };

  it.each([
    ['as it is stored now', { next: '7', entity: encoded }],
    ['as a text within the text, as it was stored before', { next: '7', waiting: [], entity: JSON.stringify(whole) }],
  ])('comes back %s', async (_, row) => {
    const restored = newRuntime();
    const index = await new CheckpointStore(storeOf(JSON.stringify(row)), 'token', 0).restore(restored, marker, 10);
    const back = restored.keyed.peek('tok_one');
    expect(back && { ...restored.keyed.encode(back) }).toEqual(encoded);
    expect(restored.keyed.isWarm('tok_one')).toBe(true);
    expect([index.has('tok_one', { offset: 6n, ordinal: 0 }), index.has('tok_one', { offset: 7n, ordinal: 0 })]).toEqual([true, false]);
  }); // prettier-ignore
});
