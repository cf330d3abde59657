import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { severities, stages } from '../../detectors/core/detector.js';
import { HandOver } from '../../detectors/core/hand-over.js';
import type { Finding } from '../../detectors/core/finding.js';
import { type Decoy, DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { createDetectors, detectorsOptionsSchema } from '../../detectors/registry.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
import { actions, reasons, tokenEventSchema, type TokenEvent } from '../../ingest/event/token-event.js';
import { seededRandom } from './random.js';
import { makeEvent, tokenUid, type EventSketch } from './token-events.js';

const root = fileURLToPath(new URL('../scenarios', import.meta.url));
export const MINUTE_MS = 60_000;

/**
 * traffic.json: phases one after the other in one stream. `requests` lie evenly, with some jitter, in each `every` of
 * the phase (a phase without `every_minutes` is one stretch); `hours` keeps only some hours of the day, `weekdays` only
 * Monday to Friday. `with` is laid over each event of the phase, part by part; a text `{+90}` in it becomes the time of
 * ninety minutes after the scenario's start, `{now-5}` that of five minutes before the event. `copies` of a phase, each with a token of
 * its own, are told apart by `{n}` in these texts.
 */
const phase = z.strictObject({
  token: z.string().default('subject'),
  copies: z.number().default(1),
  start_minute: z.number(),
  minutes: z.number().default(1),
  every_minutes: z.number().optional(),
  requests: z.number(),
  hours: z.tuple([z.number(), z.number()]).optional(),
  weekdays: z.boolean().default(false),
  within_seconds: z.number().optional(),
  failing_share: z.number().default(0),
  reason: z.enum(reasons).optional(),
  status: z.number().optional(),
  secret: z.string().optional(),
  direction: z.enum(['inbound', 'outbound', 'edge']).optional(),
  kind: z.enum(['proxy', 'mesh', 'issuer', 'cloud']).default('proxy'),
  action: z.enum(actions).default('use'),
  with: z.record(z.string(), z.unknown()).default({}),
});
const scenarioSchema = z.strictObject({
  why: z.string(),
  detectors: detectorsOptionsSchema.prefault({}),
  /** Tokens that are registered decoys. */
  decoys: z.array(z.string()).default([]),
  start: z.iso.datetime(),
  phases: z.array(phase).min(1),
});
const expectationSchema = z.array(
  z.strictObject({
    detector: z.string(),
    measure: z.string(),
    token: z.string().default('subject'),
    from_minute: z.number(),
    to_minute: z.number(),
    expected: z.tuple([z.number(), z.number()]).default([0, 0]),
    /** The gravest that its window came to. */
    severity: z.enum(severities).optional(),
    /** What was observed lies below what was expected. */
    below: z.boolean().default(false),
    /** The deciding event and others that explain it. */
    evidence_min: z.number().default(2),
  }),
);

type Phase = z.output<typeof phase>;

export interface Scenario {
  readonly name: string;
  readonly startMs: number;
  readonly events: readonly TokenEvent[];
  readonly expected: z.output<typeof expectationSchema>;
  readonly detectors: z.output<typeof detectorsOptionsSchema>;
  readonly decoys: readonly Decoy[];
}

const decoyOf = (token: string): Decoy => ({
  token_uid: tokenUid(token), secret_fp: '', name: token, planted: 'a repository', removedMs: null,
}); // prettier-ignore

function isOn(part: Phase, timeMs: number): boolean {
  const date = new Date(timeMs);
  const hour = date.getUTCHours();
  if (part.hours !== undefined && (hour < part.hours[0] || hour >= part.hours[1])) return false;
  return !part.weekdays || (date.getUTCDay() >= 1 && date.getUTCDay() <= 5);
}

/** The overlay with its times filled in, laid over what the event has. */
function laidOver(base: unknown, over: unknown, startMs: number, nowMs: number, copy: number): unknown {
  if (typeof over === 'string') {
    if (over.includes('{n}')) return over.replaceAll('{n}', String(copy));
    const [, now, minutes] = /^\{(now)?([+-]?\d+(?:\.\d+)?)\}$/.exec(over) ?? [];
    if (minutes === undefined) return over;
    return new Date((now === undefined ? startMs : nowMs) + Number(minutes) * MINUTE_MS).toISOString();
  }
  if (typeof over !== 'object' || over === null || Array.isArray(over)) return over;
  const known = typeof base === 'object' && base !== null ? (base as Record<string, unknown>) : {};
  const merged = { ...known };
  for (const [key, value] of Object.entries(over)) merged[key] = laidOver(known[key], value, startMs, nowMs, copy);
  return merged;
}

/** Scenarios that stand in one store must not share a principal. */
function ownPrincipal(made: unknown, scenario: string): TokenEvent {
  const event = made as TokenEvent;
  const { principal } = event;
  if (principal === undefined) return event;
  return { ...event, principal: { ...principal, principal_uid: `${scenario}|${principal.principal_uid}` } };
}

const isEmpty = (over: Readonly<Record<string, unknown>>): boolean => Object.keys(over).length === 0;

function* eventsOf(part: Phase, name: string, startMs: number, random: () => number, copy = 0): Generator<TokenEvent> {
  const fromMs = startMs + part.start_minute * MINUTE_MS;
  const lastMs = part.minutes * MINUTE_MS;
  const everyMs = (part.every_minutes ?? part.minutes) * MINUTE_MS;
  const spreadMs = part.within_seconds === undefined ? everyMs : part.within_seconds * 1000;
  for (let atMs = fromMs; atMs < fromMs + lastMs; atMs += everyMs) {
    if (!isOn(part, atMs)) continue;
    const count = part.every_minutes === undefined ? part.requests : Math.round(part.requests * (0.9 + 0.2 * random()));
    for (let n = 0; n < count; n += 1) {
      const failed = random() < part.failing_share;
      const sketch: EventSketch = {
        timeMs: Math.floor(atMs + ((n + random()) / count) * spreadMs),
        token: `${name}/${part.token}${part.copies === 1 ? '' : copy}`,
        kind: part.kind,
        action: part.action,
        ...(part.secret === undefined ? {} : { secret: part.secret }),
        ...(part.direction === undefined ? {} : { direction: part.direction }),
        ...(failed ? { outcome: 'failure', status: part.status ?? 404 } : {}),
        ...(failed && part.reason !== undefined ? { reason: part.reason } : {}),
      };
      const made = makeEvent(sketch);
      yield isEmpty(part.with) ? made : ownPrincipal(laidOver(made, part.with, startMs, sketch.timeMs, copy), name);
    }
  }
}

function readScenario(name: string): Scenario {
  const json = (file: string): unknown => JSON.parse(readFileSync(join(root, name, file), 'utf8'));
  const { detectors, decoys: names, start, phases } = scenarioSchema.parse(json('traffic.json'));
  const random = seededRandom(42);
  const startMs = Date.parse(start);
  const byPhase = phases.map((part) =>
    Array.from({ length: part.copies }, (_, copy) => [...eventsOf(part, name, startMs, random, copy)]).flat(),
  );
  // Events of a phase are alike: what is laid over them is right in all if it is in one.
  for (const [first] of byPhase) if (first !== undefined) tokenEventSchema.parse(first);
  const events = byPhase.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const decoys = names.map((token) => decoyOf(`${name}/${token}`));
  return { name, startMs, events, expected: expectationSchema.parse(json('expected.json')), detectors, decoys };
}

/** Names of all scenario folders, `detector/scenario`. */
export const scenarioNames: readonly string[] = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(root, name)).map((one) => `${name}/${one}`));

export interface ScenarioRun extends Scenario {
  readonly found: readonly Finding[];
}

/** A scenario's events past its detectors in all stages; findings of the token stage first. */
export function runScenario(name: string): ScenarioRun {
  const scenario = readScenario(name);
  const detectors = createDetectors(scenario.detectors, new DecoyIndex(scenario.decoys));
  const handOver = new HandOver();
  const handedOn = scenario.events.flatMap((event) => handOver.take(event).map((one) => one.event));
  const endMs = Date.parse(scenario.events.at(-1)?.time ?? '');
  const found = stages.flatMap((stage) => {
    const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 1000, entitiesMax: 1000 });
    const seen = stage === 'token' ? scenario.events : handedOn;
    seen.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
    runtime.end(endMs);
    return runtime.takeFindings();
  });
  return { ...scenario, found };
}
