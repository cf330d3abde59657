// One stage at a time, in this process, without its neighbours.
import { readFileSync } from 'node:fs';
import { createDetectors } from '#built/detectors/registry.js';
import { Forwarder } from '#built/detectors/worker/forwarder.js';
import { PartitionRuntime } from '#built/detectors/worker/partition-runtime.js';
import { decodeEvents } from '#built/ingest/event/event-codec.js';
import { RawSecret } from '#built/ingest/event/raw-secret.js';
import { topics } from '#built/ingest/log/event-log.js';
import { createEventSink } from '#built/ingest/pipeline/event-sink.js';
import { openLog } from '#built/api/cli/open-parts.js';
import { encodeBlock } from './inserts.mjs';
import { chunks, measure, peakRssMib, until } from './measure.mjs';
import { deps, newFingerprinter, parseLines, withSurroundings } from './parts.mjs';

export async function stages(job) {
  const lines = readFileSync(job.lines, 'utf8').trimEnd().split('\n');
  const out = {};
  const batches = chunks(lines, 500);
  const fingerprinter = newFingerprinter();
  // Some batches first, so that the compiler has seen the code; the rest is what counts.
  for (const batch of batches.slice(0, 20)) parseLines(batch, fingerprinter);
  const events = [];
  out.parse = await measure(() => {
    let count = 0;
    for (const batch of batches) count += parseLines(batch, fingerprinter).events.length;
    return count;
  });
  for (const batch of batches) events.push(...parseLines(batch, fingerprinter).events);
  out.fingerprint = await fingerprints(lines.length);
  await withSurroundings(job, async (surroundings) => {
    const log = await openLog(surroundings);
    const sink = createEventSink({ writer: log.writer(), ...deps });
    out.append = await measure(async () => {
      for (const batch of chunks(events, 2_000)) await sink.accept(batch);
      return events.length;
    });
    out.read = await measure(() => readAll(log, events.length));
  });
  const detect = (stage, seen) =>
    measure(() => {
      const runtime = new PartitionRuntime({
        stage,
        detectors: createDetectors(),
        allowedLatenessMs: 1000,
        entitiesMax: 200_000,
      });
      seen.forEach((event, ordinal) => runtime.offer(event, { offset: 0n, ordinal }));
      runtime.flush();
      out.findings = (out.findings ?? 0) + runtime.takeFindings().length;
      return seen.length;
    });
  out.detect = await detect('token', events);
  const handedOn = [];
  out.hand_on = await measure(() => {
    const forwarder = new Forwarder(0, 0, 2);
    chunks(events, 5_000).forEach((chunk, offset) => {
      for (const event of chunk) forwarder.add(event, BigInt(offset));
      forwarder.finish(BigInt(offset));
      handedOn.push(...forwarder.load(0).map(({ value }) => value));
    });
    return events.length;
  });
  out.observation_bytes = Math.round(handedOn.reduce((sum, { length }) => sum + length, 0) / events.length);
  const observations = [];
  out.take_over = await measure(() => {
    for (const value of handedOn) observations.push(...decodeEvents(value).events);
    return observations.length;
  });
  out.detect_principals = await detect('principal', observations);
  const positioned = events.map((event, n) => ({ event, partition: 0, offset: BigInt(n) }));
  encodeBlock(positioned.slice(0, 5_000));
  out.encode = await measure(() => {
    for (const block of chunks(positioned, 50_000)) encodeBlock(block);
    return positioned.length;
  });
  return { ...out, peak_rss_mib: peakRssMib() };
}

/** Both digests of secrets never seen before: the cache of the fingerprinter does not help. */
function fingerprints(count) {
  const fingerprinter = newFingerprinter();
  return measure(() => {
    for (let n = 0; n < count; n += 1) {
      fingerprinter.tokenUid(`jwt:https://id.example.com|${n}`);
      fingerprinter.secretFp(new RawSecret(`opaque-secret-${n}`));
    }
    return count;
  });
}

async function readAll(log, count) {
  let seen = 0;
  const handler = {
    assigned: (assignment) => Promise.resolve(assignment.committed.offset),
    batch: ({ records }) => {
      for (const { value } of records) seen += decodeEvents(value).events.length;
      return Promise.resolve();
    },
    revoked: () => Promise.resolve(),
  };
  const reader = log.reader({ topic: topics.tokenEvents, groupId: 'bench-read', handler });
  await reader.start();
  await until(() => seen >= count, 300_000, 'reading');
  await reader.stop(10_000);
  return seen;
}
