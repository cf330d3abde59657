import { topics, type AppendRecord } from '../../ingest/log/event-log.js';
import { partitionFor } from '../../ingest/log/partitioner.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import type { Querier, TableRow } from '../../ingest/store/store.js';
import { formatTime } from '../../ingest/event/time.js';
import type { Finding } from '../core/finding.js';
import { bySize } from './by-size.js';
import { knownFindingsQuery, UIDS_LENGTH } from './worker-queries.js';
import type { WorkerParts } from './worker-deps.js';

/** ClickHouse reads `2026-01-02 03:04:05.678`; the zone is that of the column, UTC. */
export function columnTime(rfc3339: string): string {
  return rfc3339.slice(0, 23).replace('T', ' ');
}

export function findingRow(finding: Finding): TableRow {
  const { score, ...rest } = finding;
  return {
    ...rest,
    // The table tells a drill by its summary.
    drill: undefined,
    score_value: score.value,
    measure: score.measure,
    unit: score.unit,
    observed: score.observed,
    expected: score.expected,
    spread: score.spread,
    sample_count: score.sampleCount,
    warmed_up: score.warmedUp,
    window_start: columnTime(formatTime(score.windowStartMs)),
    window_end: columnTime(formatTime(score.windowEndMs)),
    time: columnTime(finding.time),
  };
}

/** Which of these findings are stored. */
export async function knownFindings(querier: Querier, uids: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const part of bySize(uids, (uid) => uid.length, UIDS_LENGTH)) {
    const rows = await querier.run(knownFindingsQuery, { uids: [...part] });
    for (const row of rows) known.add(row.finding_uid);
  }
  return known;
}

/**
 * Emits findings at least once and stores each once. What the store knows has been emitted by an earlier run; so the
 * store is written last, and a replay that makes the same findings again stays silent.
 */
export async function emitFindings(deps: WorkerParts, findings: readonly Finding[]): Promise<void> {
  if (findings.length === 0) return;
  const uids = findings.map((finding) => finding.finding_uid);
  const known = await knownFindings(deps.store.querier, uids);
  const fresh = findings.filter((finding) => !known.has(finding.finding_uid));
  if (fresh.length === 0) return;
  if (deps.onFinding !== undefined) await deps.onFinding(fresh);
  else await appendFindings(deps, fresh);
  const token = `findings:${deterministicUuid(...fresh.map((finding) => finding.finding_uid))}`;
  await deps.store.writer.insertRows('findings', fresh.map(findingRow), token);
  for (const { detector, severity } of fresh)
    deps.metrics?.count('tourniquet.detector.findings', 1, { detector, severity });
}

async function appendFindings(deps: WorkerParts, findings: readonly Finding[]): Promise<void> {
  const partitions = await deps.writer.partitions(topics.findings);
  const timestampMs = deps.clock.nowMs();
  const records = findings.map((finding): AppendRecord => ({
    partition: partitionFor(finding.entity_uid, partitions),
    key: Buffer.from(finding.entity_uid),
    value: Buffer.from(JSON.stringify(finding)),
    headers: { finding_uid: finding.finding_uid },
    timestampMs,
  }));
  await deps.writer.append(topics.findings, records);
}
