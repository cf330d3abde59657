import type { Finding } from '../../detectors/core/finding.js';
import type { Clock } from '../../ingest/core/clock.js';
import { AppError } from '../../ingest/core/errors.js';
import { redactText } from '../../ingest/event/credential-text.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import type { EventWriter, Querier } from '../../ingest/store/store.js';
import { toStoreTime } from '../queries/columns.js';
import { listSuppressions, suppressionsWithin } from '../queries/list-suppressions.js';
import { readInstant } from '../schemas/common.js';
import type { Suppression, SuppressionBody, SuppressionEntry } from '../schemas/suppressions.js';
import { matcherOf, type Matcher } from './matching.js';

/** Which findings raise nothing, and which were kept silent for that. */
export interface SuppressionRegistry {
  /** Takes over what the configuration says now. @param observed detectors whose findings raise nothing. */
  configure(entries: readonly SuppressionEntry[], observed: readonly string[]): void;
  /** Those of the configuration, then the newest 10,000 made here, newest first, ended ones included. */
  list(): Promise<readonly Suppression[]>;
  /** @throws AppError TQ_REQUEST_INVALID for times that cannot be, or a reason that holds a secret. */
  add(body: SuppressionBody, actor: string): Promise<Suppression>;
  /** Findings from now on are heard again; it stays for those before. @throws AppError TQ_NOT_FOUND. */
  end(uid: string): Promise<Suppression>;
  /** Notes which of the findings are suppressed; resolves to the others once that is durable. Repeating it is harmless. */
  heard(findings: readonly Finding[]): Promise<readonly Finding[]>;
}

const ROWS_MAX = 10_000;
const LENGTH_MAX_MS = 90 * 86_400_000;

const optional = (text: string | undefined): string | null =>
  text === undefined ? null : formatTime(readInstant(text));

const ofEntry = ({ name, from, until, ...entry }: SuppressionEntry): Suppression => ({
  ...entry,
  suppression_uid: `config:${name}`,
  from: optional(from),
  until: optional(until),
  created_at: null,
  created_by: 'configuration',
});

/** A detector in mode observe: it runs, its findings are stored and shown, and raise nothing however grave. */
const ofObserved = (detector: string): Suppression => ({
  suppression_uid: `observe:${detector}`,
  detector,
  measure: '',
  token_uid: '',
  principal_uid: '',
  address: '',
  service: '',
  severity_max: 'critical',
  from: null,
  until: null,
  reason: 'The detector is in mode observe.',
  created_at: null,
  created_by: 'configuration',
});

/** What the configuration suppresses. @param observed detectors whose findings raise nothing. */
export const configured = (
  entries: readonly SuppressionEntry[],
  observed: readonly string[],
): readonly Suppression[] => [...entries.map(ofEntry), ...observed.map(ofObserved)];

interface Taker {
  readonly suppression: Suppression;
  readonly takes: Matcher;
  readonly version: number;
}

const takerOf = (suppression: Suppression, version: number): Taker => ({
  suppression,
  takes: matcherOf(suppression),
  version,
});

/** Without `configure` there are only those made here. */
export function createSuppressionRegistry(querier: Querier, writer: EventWriter, clock: Clock): SuppressionRegistry {
  let fixed: readonly Taker[] = [];
  const made = (uid: string, rows: number) => querier.run(listSuppressions, { suppression_uid: uid, rows });
  const list = async (): Promise<readonly Suppression[]> => [
    ...fixed.map(({ suppression }) => suppression),
    ...(await made('', ROWS_MAX)).map(({ row }) => row),
  ];
  let kept: ReadonlyMap<string, Taker> = new Map();
  /** Those whose time meets that of the findings; what stayed since the last call is not made anew. */
  const takersFor = async (findings: readonly Finding[]): Promise<readonly Taker[]> => {
    const times = findings.map(({ time }) => parseTime(time));
    const span = { from_ms: Math.min(...times), to_ms: Math.max(...times) };
    const found = await querier.run(suppressionsWithin, span);
    const takers = found.map(({ version, row }) => {
      const known = kept.get(row.suppression_uid);
      return known?.version === version ? known : takerOf(row, version);
    });
    kept = new Map(takers.map((taker) => [taker.suppression.suppression_uid, taker]));
    return [...fixed, ...takers];
  };
  const save = async (suppression: Suppression, version: number): Promise<Suppression> => {
    const { from, until, created_at, ...rest } = suppression;
    const time = (iso: string | null): string => toStoreTime(iso ?? formatTime(clock.nowMs()));
    const row = { ...rest, version, from_time: time(from), until_time: time(until), created_time: time(created_at) };
    await writer.insertRows('suppressions', [row], `suppressions:${suppression.suppression_uid}:${version}`);
    return suppression;
  };
  return {
    configure: (entries, observed) => {
      fixed = configured(entries, observed).map((suppression) => takerOf(suppression, 0));
    },
    list,
    add: async ({ from, until, ...body }, actor) => {
      const nowMs = clock.nowMs();
      const [fromMs, untilMs] = [from === undefined ? nowMs : readInstant(from), readInstant(until)];
      check(fromMs, untilMs, nowMs, body.reason);
      const times = { from: formatTime(fromMs), until: formatTime(untilMs), created_at: formatTime(nowMs) };
      const suppression_uid = deterministicUuid('suppression', actor, JSON.stringify({ ...body, ...times }));
      return save({ ...body, ...times, suppression_uid, created_by: actor }, 1);
    },
    end: async (uid) => {
      const [before] = await made(uid, 1);
      if (before === undefined) {
        throw new AppError('TQ_NOT_FOUND', `There is no suppression ${uid}.`, {
          mend: 'One of the configuration ends when it is taken out there.',
        });
      }
      const { version, row: suppression } = before;
      const nowMs = clock.nowMs();
      if (parseTime(suppression.until ?? '') <= nowMs) return suppression;
      return save({ ...suppression, until: formatTime(nowMs) }, version + 1);
    },
    heard: async (findings) => {
      if (findings.length === 0) return findings;
      const takers = await takersFor(findings);
      const silent = findings.flatMap((finding) => {
        const taker = takers.find(({ takes }) => takes(finding));
        return taker === undefined ? [] : [{ finding, by: taker.suppression }];
      });
      if (silent.length === 0) return findings;
      const rows = silent.map(({ finding, by }) => ({
        finding_uid: finding.finding_uid,
        suppression: by.suppression_uid,
        reason: by.reason,
      }));
      const token = deterministicUuid(...rows.flatMap((row) => [row.finding_uid, row.suppression]));
      await writer.insertRows('suppressed_findings', rows, `suppressed:${token}`);
      const taken = new Set(silent.map(({ finding }) => finding));
      return findings.filter((finding) => !taken.has(finding));
    },
  };
}

function check(fromMs: number, untilMs: number, nowMs: number, reason: string): void {
  if (untilMs <= nowMs || untilMs <= fromMs || untilMs > nowMs + LENGTH_MAX_MS) {
    throw new AppError('TQ_REQUEST_INVALID', 'The end of the suppression is past, before its begin, or too far away.', {
      mend: 'Give an end within the next 90 days; what shall hold for good belongs into alerts.suppressions of the configuration.',
    });
  }
  if (redactText(reason).found) {
    throw new AppError('TQ_REQUEST_INVALID', 'The reason of the suppression holds what looks like a secret.', {
      mend: 'Describe it without.',
    });
  }
}
