import { AppError } from '../../ingest/core/errors.js';
import { parseTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Querier } from '../../ingest/store/store.js';
import {
  noPeers,
  stages,
  type AnyDetector,
  type Observation,
  type Outlook,
  type Score,
  type Stage,
  type Verdict,
} from '../core/detector.js';
import { entityOf, toldAgain, toObservation } from '../core/observation.js';
import { toPrincipalEvent } from '../core/principal-event.js';
import { isToldAgain } from '../core/told-once.js';
import { readHistory } from './history.js';
import { PartitionRuntime } from './partition-runtime.js';

/** One reading of a detector at an event. */
export interface Reading extends Score {
  readonly verdict: Verdict | null;
  /** Empty where there is a verdict. */
  readonly whyNone: string;
}

export interface DetectorReadings {
  readonly detector: string;
  /** Empty where the event does not concern the detector, or nothing in it is worth a reading. */
  readonly readings: readonly Reading[];
  /** What the detector compares here, quiet or not; empty where it has no such numbers. */
  readonly outlook: readonly Outlook[];
  /** Size of what the detector remembers of the entity, bytes of its encoded form. */
  readonly stateBytes: number;
}

export interface StageReadings {
  readonly stage: Stage;
  /** Null for an event that tells no entity of the stage. */
  readonly entityUid: string | null;
  /** Events of the entity that were replayed before this one, and since when. */
  readonly eventsBefore: number;
  readonly since: string | null;
  readonly observation: Pick<Observation, 'accepted' | 'request' | 'failed'> | null;
  readonly detectors: readonly DetectorReadings[];
}

export interface ReadingsOptions {
  readonly detectors: readonly AnyDetector[];
  readonly allowedLatenessMs: number;
  /** How far back the entity's events are replayed, milliseconds. */
  readonly lookBackMs: number;
  /** More events than these in a stage are refused; all are replayed where left out. */
  readonly eventsMax?: number;
}

/**
 * What every detector read in one event, by the detectors' own code: the entity's stored events before it are replayed into
 * fresh states, and the event is scored without being learnt.
 */
export async function readingsAt(event: TokenEvent, querier: Querier, options: ReadingsOptions): Promise<readonly StageReadings[]> {
  const found: StageReadings[] = [];
  for (const stage of stages) found.push(await readingsOf(stage, event, querier, options));
  return found;
} // prettier-ignore

async function readingsOf(
  stage: Stage,
  event: TokenEvent,
  querier: Querier,
  { detectors, allowedLatenessMs, lookBackMs, eventsMax = Infinity }: ReadingsOptions,
): Promise<StageReadings> {
  const seen = stage === 'token' ? event : toPrincipalEvent(event);
  const uid = seen === null ? null : entityOf(seen, stage);
  if (seen === null || uid === null) {
    return { stage, entityUid: null, eventsBefore: 0, since: null, observation: null, detectors: [] };
  }
  const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs, entitiesMax: 1 });
  const atMs = parseTime(event.time);
  const span = { fromMs: Math.max(0, atMs - lookBackMs), toMs: atMs + 1, entity: { stage, uid } };
  let eventsBefore = 0;
  let since: string | null = null;
  for await (const page of readHistory(querier, span)) {
    for (const one of page) {
      const isBefore = one.time < event.time || (one.time === event.time && one.event_uid < event.event_uid);
      const handedOn = stage === 'token' ? one : toPrincipalEvent(one);
      if (!isBefore || handedOn === null) continue;
      since ??= one.time;
      runtime.offer(handedOn, { offset: BigInt(eventsBefore), ordinal: 0 });
      eventsBefore += 1;
    }
    runtime.takeFindings();
    if (eventsBefore > eventsMax) {
      throw new AppError(
        'TQ_REQUEST_INVALID',
        `${uid} has more than ${eventsMax} events in the days before this one.`,
        {
          mend: 'Ask for fewer days.',
        },
      );
    }
  }
  runtime.flush();
  const { states, told } = runtime.keyed.touch(uid);
  const first = toObservation(seen, stage);
  const observation = first.request && isToldAgain(told, seen, first.timeMs) ? toldAgain(first) : first;
  const { accepted, request, failed } = observation;
  const own = detectors.filter((detector) => detector.stages.includes(stage));
  return {
    stage,
    entityUid: uid,
    eventsBefore,
    since,
    observation: { accepted, request, failed },
    detectors: own.map((detector, n) => ({
      detector: detector.id,
      readings: detector
        .score(states[n], observation, noPeers)
        .map((score) => toReading(detector, score, observation, states[n])),
      outlook: detector.outlook?.(states[n], observation) ?? [],
      stateBytes: Buffer.byteLength(detector.encode(states[n])),
    })),
  };
}

function toReading(detector: AnyDetector, score: Score, observation: Observation, state: unknown): Reading {
  const verdict = detector.classify(score, observation, state, noPeers);
  if (verdict !== null) return { ...score, verdict, whyNone: '' };
  const whyNone = score.warmedUp ? 'within what is usual' : 'still learning what is usual';
  return { ...score, verdict, whyNone };
}
