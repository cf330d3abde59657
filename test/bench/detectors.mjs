// node --expose-gc test/bench/detectors.mjs [--days N] [--holders N]: what the detectors cost and how often they cry on the
// demo's ordinary traffic, its three attacks left out. Reads dist/; asserts nothing.
import { parseArgs } from 'node:util';
import { toSampleFiles } from '#built/api/demo/log-lines.js';
import { createSampleTraffic } from '#built/api/demo/sample-traffic.js';
import { createDetectors } from '#built/detectors/registry.js';
import { PartitionRuntime } from '#built/detectors/worker/partition-runtime.js';
import { systemClock } from '#built/ingest/core/clock.js';
import { silentLogger } from '#built/ingest/core/logger.js';
import { createGeoEnricher } from '#built/ingest/enrich/geo/geo-enricher.js';
import { parseRecords } from '#built/ingest/pipeline/record-parser.js';
import { sourceFactories } from '#built/ingest/sources/registry.js';
import { measure, round } from './measure.mjs';
import { newFingerprinter } from './parts.mjs';

const { values } = parseArgs({
  options: { days: { type: 'string', default: '14' }, holders: { type: 'string', default: '120' }, tokens: { type: 'string', default: '20000' } },
});
const days = Number(values.days);
const holders = Number(values.holders);
const stages = /** @type {const} */ (['token', 'principal']);
const all = createDetectors();

/** The traffic without the requests that `createSampleTraffic` plants. */
function ordinary() {
  const endMs = Date.UTC(2026, 4, 18);
  const traffic = createSampleTraffic(endMs, days, holders);
  const slow = traffic.attacks.at(-1);
  const planted = (r) => r.address !== r.holder.address || (r.holder.name === slow?.holder && r.timeMs >= (slow?.startMs ?? 0) && r.service === 'billing');
  return { ...traffic, requests: traffic.requests.filter((r) => !planted(r)) };
}

async function eventsOf(traffic) {
  const enricher = createGeoEnricher({ databases: [] }, silentLogger);
  await enricher.start();
  const deps = { fingerprinter: newFingerprinter(), enricher, clock: systemClock };
  const events = [];
  for (const { name, product, instance, options, lines } of toSampleFiles(traffic)) {
    const source = sourceFactories.find((factory) => factory.product === product)?.create(options);
    if (source === undefined) throw new Error(`No source reads ${product}.`);
    const records = lines.map((text, offset) => ({ text, offset }));
    // Not one by one: a list of arguments has its limit.
    for (const event of parseRecords({ source, instance }, records, name, deps).events) events.push(event);
  }
  return events.sort((a, b) => (a.time < b.time ? -1 : 1));
}

function run(events, stage, detectors) {
  const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 1000, entitiesMax: 1_000_000 });
  events.forEach((event, ordinal) => runtime.offer(event, { offset: 0n, ordinal }));
  runtime.flush();
  return runtime;
}

/** The events again with other tokens and principals, so that there are many of each. */
function manyTokens(events, tokens) {
  const own = events.filter((event) => event.token !== undefined && event.principal !== undefined).slice(0, tokens * 5);
  return own.map((event, n) => {
    const name = String(n % tokens).padStart(22, '0');
    return {
      ...event,
      token: { ...event.token, token_uid: `tok_${name}` },
      principal: { ...event.principal, principal_uid: `idp|${name}` },
      client: event.client === undefined ? undefined : { ...event.client },
      target: { ...event.target },
    };
  });
}

const traffic = ordinary();
const events = await eventsOf(traffic);
const tokens = new Set(events.map((event) => event.token?.token_uid)).size;
const out = { events: events.length, tokens, token_days: tokens * days, per_cpu_second: {}, findings: {}, state: {} };
for (const stage of stages) {
  run(events.slice(0, 20_000), stage, all);
  out.per_cpu_second[stage] = (await measure(() => (run(events, stage, all), events.length))).per_cpu_second;
  for (const { id, stages: where } of all.filter(({ stages: where }) => where.includes(stage))) {
    const only = all.filter((detector) => detector.id === id);
    out.per_cpu_second[`${stage} ${id}`] = (await measure(() => (run(events, stage, only), events.length))).per_cpu_second;
    void where;
  }
  for (const finding of run(events, stage, all).takeFindings()) {
    const key = `${stage} ${finding.detector}/${finding.score.measure} ${finding.severity} ${finding.fidelity}`;
    out.findings[key] = (out.findings[key] ?? 0) + 1;
  }
}
out.alerts_per_10000_token_days = round(
  (Object.entries(out.findings).filter(([key]) => !key.includes(' info ')).reduce((sum, [, n]) => sum + n, 0) / out.token_days) * 10_000, 2,
);
const many = manyTokens(events, Number(values.tokens));
for (const stage of stages) {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const runtime = run(many, stage, all);
  globalThis.gc?.();
  const used = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers - before;
  const entities = [...runtime.keyed.all()];
  const encoded = entities.reduce((sum, entity) => sum + JSON.stringify(runtime.keyed.encode(entity)).length, 0);
  out.state[stage] = { entities: entities.length, bytes_each: Math.round(used / entities.length), encoded_each: Math.round(encoded / entities.length) };
}
process.stdout.write(`${JSON.stringify(out, null, 2)}\n`);
