import { storedGroups } from '../../../ingest/store/stored-columns.js';
import { StoredEvents } from '../../../ingest/store/stored-events.js';
import { severities, type Severity } from '../../core/detector.js';
import type { Finding } from '../../core/finding.js';
import { createDetectors, type DetectorsOptions } from '../../registry.js';
import { timedRows, type TimedRow } from '../../rules/test-events.js';
import type { OfflineOptions } from '../offline-stage.js';
import { OfflineStages } from '../offline-stages.js';
import type { Expectation, SettingTest } from './setting-test-schema.js';

export interface SettingTestOutcome {
  readonly test: string;
  readonly passed: boolean;
  /** In words, each of them for a line. */
  readonly expected: string;
  readonly found: string;
}

/** A Wednesday, and within the day as tests of rules are. */
const START_MS = Date.UTC(2020, 0, 1, 1);
const SHOWN_MAX = 10;

/** Columns that are not texts, as they are where nobody told them. */
const untold: Readonly<Record<string, unknown>> = {
  issued_at: null, not_before: null, expires_at: null,
  client_latitude: null, client_longitude: null, client_port: null, client_asn: 0,
  target_status: 0, request_bytes: null, response_bytes: null, duration_ms: null,
  audience: [], scopes: [], alias_kinds: [], alias_values: [], exposures: [], attributes: {},
}; // prettier-ignore

/** What follows from what a test sets, where sources tell it and fields of rules do not. */
function completed({ timeMs, row }: TimedRow): Readonly<Record<string, unknown>> {
  const isJwt = row['jti'] !== undefined || row['algorithm'] !== undefined;
  return {
    token_identity: isJwt ? 'jwt' : 'opaque',
    token_kind: 'unknown',
    parent_kind: row['parent_value'] === undefined ? '' : 'key_id',
    principal_kind: 'unknown',
    principal_id: row['principal_uid'],
    ...row,
    time: timeMs,
    observed_time: timeMs,
  };
}

/** The event as the store tells it, so that detectors see what a backtest shows them. */
function lineOf(timed: TimedRow): string {
  const row = completed(timed);
  const valueOf = (column: string): unknown => {
    const value = row[column] ?? (column in untold ? untold[column] : '');
    return typeof value === 'boolean' ? String(value) : value;
  };
  return Object.values(storedGroups)
    .map((columns) => JSON.stringify(columns.map(valueOf)))
    .join('\t');
}

/** Runs each test by itself through both stages, with the detectors of these settings. */
export function runSettingTests(
  tests: readonly SettingTest[],
  settings: DetectorsOptions,
  limits: Omit<OfflineOptions, 'detectors'>,
): readonly SettingTestOutcome[] {
  return tests.map((test) => {
    const stages = new OfflineStages({ ...limits, detectors: createDetectors(settings) });
    const stored = new StoredEvents();
    const timed = [...timedRows('settings', test, START_MS)].sort((a, b) => a.timeMs - b.timeMs);
    for (const one of timed) for (const event of stored.each(lineOf(one))) stages.offer(event);
    const found = stages.takeFindings(true);
    return { test: test.name, passed: holds(test, found), expected: inWords(test), found: foundInWords(found) };
  });
}

function holds({ expect = [], not }: SettingTest, found: readonly Finding[]): boolean {
  if (!expect.every((one) => found.some((finding) => fits(one, finding)))) return false;
  if (not === undefined) return found.every((finding) => expect.some((one) => fits(one, finding)));
  return !not.some((one) => found.some((finding) => fits(one, finding)));
}

const gravity = (severity: Severity): number => severities.indexOf(severity);

const fits = ({ detector, measure, entity, severityMin }: Expectation, finding: Finding): boolean =>
  finding.detector === detector &&
  (measure === undefined || finding.score.measure === measure) &&
  (entity === undefined || finding.entity_uid === entity) &&
  gravity(finding.severity) >= gravity(severityMin);

const worded = ({ detector, measure, entity, severityMin }: Expectation): string =>
  `${detector}${measure === undefined ? '' : `/${measure}`}${entity === undefined ? '' : ` of ${entity}`}${severityMin === 'info' ? '' : `, ${severityMin} or above`}`;

function inWords({ expect = [], not = [] }: SettingTest): string {
  const wanted = expect.map(worded);
  if (not.length === 0) return wanted.join('; ') || 'nothing';
  return [...wanted, `not ${not.map(worded).join(' nor ')}`].join('; ');
}

function foundInWords(findings: readonly Finding[]): string {
  const each = findings.map(
    ({ detector, score, entity_uid, severity }) => `${detector}/${score.measure} of ${entity_uid}, ${severity}`,
  );
  const different = [...new Set(each)].sort();
  const more = different.length - SHOWN_MAX;
  return [...different.slice(0, SHOWN_MAX), ...(more > 0 ? [`${more} more`] : [])].join('; ') || 'nothing';
}
