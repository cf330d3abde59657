import { type AnyDetector, stages, type Stage } from '../../../../detectors/core/detector.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { HandOver } from '../../../../detectors/core/hand-over.js';
import { entityOf, eventTimeMs } from '../../../../detectors/core/observation.js';
import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import type { EncodedEntity } from '../../../../detectors/worker/entity.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent, tokenUid } from '../../../support/token-events.js';
import { simulateAttacked } from '../../../eval/simulate.js';
import { allWays, Beating, differences, Way } from '../../../eval/ways.js';
import { START_MS } from '../../../eval/world.js';

const DAY_MS = 86_400_000;
const CHECKPOINT_EVERY = 3;

/** A runtime with room for next to nothing, whose states are kept elsewhere meanwhile. */
class Cramped {
  readonly runtime: PartitionRuntime;
  readonly #stage: Stage;
  readonly #kept = new Map<string, string>();
  #offset = 0n;
  recalled = 0;

  constructor(stage: Stage, detectors: readonly AnyDetector[]) {
    const limits = { entitiesMax: stage === 'token' ? 6 : 8, liveMax: 1, packedMax: 10_000_000 };
    this.runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 1000, ...limits });
    this.#stage = stage;
  }

  offer(event: TokenEvent): void {
    const { keyed } = this.runtime;
    const uid = entityOf(event, this.#stage);
    const kept = uid === null ? undefined : this.#kept.get(uid);
    if (uid !== null && kept !== undefined && keyed.peek(uid) === undefined) {
      expect(keyed.mayBeSpilled(uid)).toBe(true);
      this.runtime.restore(uid, JSON.parse(kept) as EncodedEntity);
      this.recalled += 1;
    }
    this.runtime.offer(event, { offset: this.#offset, ordinal: 0 });
    this.#offset += 1n;
    if (Number(this.#offset) % CHECKPOINT_EVERY !== 0) return;
    for (const entity of keyed.dirty()) {
      this.#kept.set(entity.uid, keyed.encodeText(entity));
      entity.dirty = false;
    }
    this.runtime.spill();
  }
}

class Spilled extends Way {
  readonly stages: Readonly<Record<Stage, Cramped>>;
  readonly #handOver = new HandOver();
  #peakMs = -Infinity;

  constructor(detectors: readonly AnyDetector[]) {
    super('spilled');
    this.stages = { token: new Cramped('token', detectors), principal: new Cramped('principal', detectors) };
  }

  offer(event: TokenEvent): void {
    this.stages.token.offer(event);
    const timeMs = eventTimeMs(event);
    this.#peakMs = Math.max(this.#peakMs, timeMs);
    for (const { event: handedOn } of this.#handOver.take(event, timeMs)) this.stages.principal.offer(handedOn);
  }

  finish(): Promise<void> {
    for (const stage of stages) this.stages[stage].runtime.end(this.#peakMs);
    return Promise.resolve();
  }

  protected take(): readonly Finding[] {
    return stages.flatMap((stage) => this.stages[stage].runtime.takeFindings());
  }
}

describe('states that leave memory and come back', () => {
  it('find the same as if they had stayed', async () => {
    const options = detectorsOptionsSchema.parse({ silence: { periods_min: 2 } });
    const [whole] = allWays(1000, options);
    const spilled = new Spilled(createDetectors(options));
    const ways = [whole!, spilled];
    const judges = [new Beating(ways, START_MS + 3.5 * DAY_MS)];
    await simulateAttacked(9, { trials: 1, quietDays: 1, days: 5, only: ['forged'], punctual: true }, judges);
    expect(whole!.found.size).toBeGreaterThan(20);
    for (const stage of stages) {
      expect({ stage, many: spilled.stages[stage].recalled > 50 }).toEqual({ stage, many: true });
    }
    expect(differences(ways)).toEqual([]);
  });

  it('stay while an event of theirs waits, however long they were silent', () => {
    const runtime = new PartitionRuntime({ detectors: createDetectors(), allowedLatenessMs: 1000, entitiesMax: 10 });
    const times: [string, number][] = [
      ['comes back', START_MS],
      ['does not', START_MS + 1],
      ['comes back', START_MS + 4000 * DAY_MS],
    ];
    times.forEach(([token, timeMs], n) =>
      runtime.offer(makeEvent({ timeMs, token, id: `${n}` }), { offset: BigInt(n), ordinal: 0 }),
    );
    runtime.forgetIdle();
    expect([...runtime.keyed.all()].map(({ uid }) => uid)).toEqual([tokenUid('comes back')]);
  });

  it('are packed first, and unpacked for whoever asks', () => {
    const detectors = createDetectors().filter(({ stages: where }) => where.includes('token'));
    const runtime = new PartitionRuntime({ detectors, allowedLatenessMs: 0, entitiesMax: 100, liveMax: 16 });
    for (let n = 0; n < 50; n += 1) runtime.keyed.touch(`one ${n}`);
    const packed = (): number => [...runtime.keyed.all()].filter((entity) => entity.packed !== null).length;
    expect(packed()).toBe(34);
    const first = runtime.keyed.peek('one 0');
    expect(first?.packed).not.toBeNull();
    expect(first?.states).toEqual(detectors.map((detector) => detector.initial()));
    expect([first?.packed, packed()]).toEqual([null, 34]);
  });
});
