// Live traffic at a steady rate; single tokens exceed a hard limit now and then. From the moment a line exists to the
// moment its finding can be read from the findings topic.
import { openLog, openStore } from '#built/api/cli/open-parts.js';
import { startWorker } from '#built/api/cli/roles.js';
import { createEventSink } from '#built/ingest/pipeline/event-sink.js';
import { topics } from '#built/ingest/log/event-log.js';
import { jsonLine, nginxSource } from './lines.mjs';
import { peakRssMib, percentile, round, until } from './measure.mjs';
import { deps, newFingerprinter, parseLines, withSurroundings } from './parts.mjs';

const REQUESTS_MAX = 30;
const TOKENS = 20_000;
const FIRST_BURST = 1_000_000;
const TICK_MS = 20;
/** The compiler and the first blocks take their time; bursts begin behind them. */
const WARM_UP_MS = 3_000;

export const limits = { rate: { limits: [{ name: 'bench', window_seconds: 60, requests_max: REQUESTS_MAX }] } };

/** @param {object} job `rate`: events per second; `seconds`: how long. */
export function latency(job) {
  return withSurroundings({ ...job, detectors: limits }, async (surroundings) => {
    const log = await openLog(surroundings);
    const store = await openStore(surroundings);
    const sink = createEventSink({ writer: await surroundings.lifecycle.start(log.writer()), ...deps });
    await startWorker(surroundings, log, store);
    const made = new Map();
    const took = [];
    await surroundings.lifecycle.start(findingsReader(log, made, took));
    const sent = await feed(job, sink, made);
    await until(() => took.length >= sent.bursts, 30_000, 'the last findings').catch(() => undefined);
    const ms = (share) => (took.length === 0 ? null : round(percentile(took, share), 0));
    return {
      rate_wanted: job.rate,
      rate: sent.rate,
      bursts: sent.bursts,
      findings: took.length,
      p50_ms: ms(0.5),
      p99_ms: ms(0.99),
      max_ms: ms(1),
      peak_rss_mib: peakRssMib(),
    };
  });
}

function findingsReader(log, made, took) {
  const handler = {
    assigned: (assignment) => Promise.resolve(assignment.committed.offset),
    batch: ({ records }) => {
      for (const { value } of records) {
        const finding = JSON.parse(value.toString('utf8'));
        const since = made.get(finding.evidence[0]);
        if (since === undefined || finding.detector !== 'rate') continue;
        made.delete(finding.evidence[0]);
        took.push(performance.now() - since);
      }
      return Promise.resolve();
    },
    revoked: () => Promise.resolve(),
  };
  return log.reader({ topic: topics.findings, groupId: 'bench-latency', handler });
}

async function feed({ rate, seconds }, sink, made) {
  const source = nginxSource();
  const fingerprinter = newFingerprinter();
  const started = performance.now();
  let sent = 0;
  let bursts = 0;
  let failure;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - started) {
    const now = Date.now();
    const since = performance.now();
    const lines = [];
    const burst = elapsed > WARM_UP_MS;
    if (burst)
      for (let n = 0; n <= REQUESTS_MAX; n += 1) lines.push(jsonLine(now, FIRST_BURST + bursts, `/burst/${n}`));
    while (sent + lines.length < (rate * elapsed) / 1000) {
      const n = sent + lines.length;
      lines.push(jsonLine(now, n % TOKENS, `/v1/items/${n % 1000}`));
    }
    if (lines.length > 0) {
      const { events } = parseLines(lines, fingerprinter, source, `live-${sent}`);
      if (burst) for (const event of events.slice(0, REQUESTS_MAX + 1)) made.set(event.event_uid, since);
      if (burst) bursts += 1;
      sent += events.length;
      sink.accept(events).catch((error) => (failure ??= error));
    }
    if (failure !== undefined) throw failure;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  return { rate: Math.round((sent / (performance.now() - started)) * 1000), bursts };
}
