// What was measured, beside what was promised.
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

const whole = (value) => (value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en-US'));

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    load_before: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** `met` is null where something was not measured. */
export function targets(r) {
  const json = r.inserts.json?.per_second;
  const endToEnd = r.embedded.end_to_end;
  const wanted = json === undefined ? 40_000 : Math.min(40_000, json);
  const ratio = (a, b) => (a === undefined || b === undefined ? undefined : a / b);
  const row = (name, measured, target, atLeast, unit) => ({
    name,
    measured: measured === undefined || measured === null ? null : Number(measured.toFixed(2)),
    target: Number(target.toFixed(2)),
    unit: `${atLeast ? '≥' : '≤'} ${unit}`,
    met: measured === undefined || measured === null ? null : atLeast ? measured >= target : measured <= target,
  });
  return [
    row('end to end, embedded, from NGINX lines', endToEnd?.per_second, wanted, true, 'events/s'),
    row('insert stage against client.insert', ratio(r.inserts.ours?.per_second, json), 5, true, 'times'),
    row('collector, NGINX lines to Kafka', r.kafka?.collector?.per_cpu_second, 45_000, true, 'lines/CPU-s'),
    row(
      'worker from Kafka against embedded',
      ratio(r.kafka?.worker?.per_second, r.embedded.worker?.per_second),
      0.8,
      true,
      'times',
    ),
    row('event to finding at half load, p99', r.latency?.p99_ms, 2000, false, 'ms'),
    ...[
      ['the engine in its process', r.memory],
      ['the engine in another', r.memory?.apart],
    ].map(([how, memory]) =>
      row(
        `worker memory with 100,000 active tokens, ${how}`,
        r.memory?.tokens === 100_000 ? memory?.peak_rss_mib : null,
        1024,
        false,
        'MiB',
      ),
    ),
    row('storage per event', endToEnd?.bytes_per_event, 60, false, 'bytes'),
  ];
}

export function table(r) {
  const rates = [
    ['parse NGINX lines', r.stages?.parse],
    ['fingerprint (uid and secret, uncached)', r.stages?.fingerprint],
    ['append (embedded log, synced)', r.stages?.append],
    ['read and decode (embedded log)', r.stages?.read],
    ['detect (all detectors of the token stage)', r.stages?.detect],
    ['hand on to the principal stage (compact, encode)', r.stages?.hand_on],
    ['take over (embedded log, same process)', r.stages?.take_over],
    ['detect (all detectors of the principal stage)', r.stages?.detect_principals],
    ['encode Native', r.stages?.encode],
    ['insert stage (encode and insert)', r.inserts.ours],
    ['limit: Native, encoded before', r.inserts.native],
    ['limit: Native, without roll-ups', r.inserts.bare],
    ['limit: client.insert JSONEachRow', r.inserts.json],
    ['collector → embedded log', r.embedded.collector],
    ['embedded log → worker', r.embedded.worker],
    ['end to end, embedded', r.embedded.end_to_end],
    ['collector → Kafka', r.kafka?.collector],
    ['Kafka → worker', r.kafka?.worker],
    ['worker, 100,000 tokens, cold', r.memory],
    ['the same, engine in another process', r.memory?.apart],
  ];
  const { machine: m, latency: l, embedded: e } = r;
  return [
    `${whole(r.lines)} NGINX lines; ${m.cores} cores (${m.cpu}), ${m.memory_gib} GiB, load ${m.load_before} before, Node ${r.node}.`,
    '',
    ...grid(
      ['', 'events/s', 'per CPU-s', 'peak MiB'],
      rates.map(([name, x]) => [name, whole(x?.per_second), whole(x?.per_cpu_second), whole(x?.peak_rss_mib)]),
    ),
    '',
    `Event to finding at ${whole(l?.rate)} events/s: p50 ${whole(l?.p50_ms)} ms, p99 ${whole(l?.p99_ms)} ms, max ${whole(l?.max_ms)} ms (${whole(l?.findings)} findings of ${whole(l?.bursts)}).`,
    `Stored: ${e.end_to_end?.bytes_per_event ?? '–'} bytes per event, ${e.end_to_end?.bytes_per_event_with_rollups ?? '–'} with all roll-ups, in ${whole(e.end_to_end?.parts)} parts.`,
    '',
    ...grid(
      ['target', 'measured', 'wanted', ''],
      r.targets.map((t) => [
        t.name,
        t.measured?.toLocaleString('en-US') ?? '–',
        `${t.unit.slice(0, 1)} ${t.target.toLocaleString('en-US')} ${t.unit.slice(2)}`,
        t.met === null ? 'not measured' : t.met ? 'met' : 'NOT met',
      ]),
    ),
  ].join('\n');
}

/** Markdown, so that the output can stand in docs/benchmark.md as it is. */
function grid(head, body) {
  const width = head.map((_, i) => Math.max(...[head, ...body].map((row) => row[i].length), 3));
  const line = (row) =>
    `| ${row.map((cell, i) => (i === 1 ? cell.padStart(width[i]) : i === 2 ? cell.padStart(width[i]) : cell.padEnd(width[i]))).join(' | ')} |`;
  return [
    line(head),
    `| ${width.map((w, i) => (i === 1 || i === 2 ? `${'-'.repeat(w - 1)}:` : '-'.repeat(w))).join(' | ')} |`,
    ...body.map(line),
  ];
}
