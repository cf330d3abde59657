import { storedDecoys } from '../../../detectors/worker/decoy-registry.js';
import { RuleSet } from '../../../detectors/worker/rules/rule-set.js';
import { AppError } from '../../../ingest/core/errors.js';
import { formatTime, parseTime } from '../../../ingest/event/time.js';
import type { AlertCounts } from '../../backtest/alert-tally.js';
import { runBacktest, type BacktestResult, type BacktestSettings } from '../../backtest/run-backtest.js';
import type { BacktestTally } from '../../backtest/tally.js';
import { ThreadedStage } from '../../backtest/threaded-stage.js';
import { printable } from '../../alerts/wording.js';
import type { Config } from '../../config/schema.js';
import { matcherOf } from '../../suppressions/matching.js';
import { configured } from '../../suppressions/suppression-registry.js';
import type { CommonOptions } from '../cli-context.js';
import { readConfig } from '../config-file.js';
import { ensureDataDir, openStore, type Surroundings } from '../open-parts.js';
import { policyOf } from '../roles.js';
import type { Terminal } from '../terminal.js';
import { tableLines } from './sql.js';

export interface BacktestOptions extends CommonOptions {
  readonly since: string;
  readonly warmUp: string;
  readonly today?: string;
  readonly json: boolean;
}

const HOUR_MS = 3_600_000;
const PROGRESS_EVENTS = 500_000;

/** A span such as `30d` or `12h`, milliseconds. @throws AppError TQ_REQUEST_INVALID */
function spanMs(text: string, option: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})(h|d)$/.exec(text) ?? [];
  if (count !== '') return Number(count) * (unit === 'd' ? 24 : 1) * HOUR_MS;
  throw new AppError('TQ_REQUEST_INVALID', `${option} ${text} is no span.`, { mend: 'Write it as 30d or 12h.' });
}

/** @throws AppError TQ_REQUEST_INVALID */
function sinceMs(text: string, nowMs: number): number {
  const timeMs = parseTime(text);
  return Number.isNaN(timeMs) ? nowMs - spanMs(text, '--since') : timeMs;
}

export async function backtest(options: BacktestOptions, s: Surroundings, terminal: Terminal): Promise<void> {
  const { config, clock, logger } = s;
  const toMs = clock.nowMs();
  const fromMs = sinceMs(options.since, toMs);
  const warmUpMs = spanMs(options.warmUp, '--warm-up');
  const settingsOf = (of: Config): BacktestSettings => ({
    detectors: of.detectors,
    rules: new RuleSet(of.rules, logger),
    alerts: {
      policy: policyOf(of),
      suppressed: configured(of.alerts.suppressions, of.detectors.observe).map(matcherOf),
    },
  });
  const today = options.today === undefined ? undefined : settingsOf(readConfig(options.today, terminal.env));
  ensureDataDir(config);
  const store = await openStore(s, { migrate: false });
  let told = 0;
  const result = await runBacktest(
    {
      fromMs,
      toMs,
      warmUpMs,
      tried: settingsOf(config),
      today,
      allowedLatenessMs: config.worker.allowed_lateness,
      entitiesMax: config.worker.keys_max,
    },
    {
      querier: store.querier,
      decoys: await storedDecoys(store.querier),
      openStage: (plan) => new ThreadedStage(plan),
      elapsedMs: () => performance.now(),
      onProgress: (events, atMs) => {
        if (events - told < PROGRESS_EVENTS) return;
        told = events;
        terminal.err(`${events} events, up to ${formatTime(atMs)}`);
      },
    },
  );
  const { events, seconds, rules, tried, difference, alerts } = result;
  const range = { from: formatTime(fromMs), to: formatTime(toMs) };
  if (options.json)
    terminal.out(JSON.stringify({ ...range, events, seconds, rules, alerts, tried, today: result.today, difference }));
  else for (const line of inWords(result)) terminal.out(line);
}

const rateOf = (count: number, seconds: number): number => (seconds === 0 ? 0 : Math.round(count / seconds));

function inWords(result: BacktestResult): readonly string[] {
  const { events, seconds, rules, tried, today, difference, alerts } = result;
  const lines = [
    `${events} events in ${seconds.toFixed(1)} s (${rateOf(events, seconds)} a second) by the detectors`,
    `${rules.events} events times rules in ${rules.seconds.toFixed(1)} s (${rateOf(rules.events, rules.seconds)} a second)`,
    ...rules.refused.map(({ rule, reason }) => `rule ${rule} was refused by the engine, narrow its events: ${reason}`),
    ...ofAlerts(alerts.tried),
    '',
    ...ofTally(tried),
  ];
  if (today === undefined || difference === undefined) return lines;
  return [
    ...lines,
    '',
    ...(alerts.today === undefined ? [] : [`today: ${inAll(alerts.today)}`]),
    `today: ${today.findings} findings, of them ${today.signals} signals`,
    ...counts('added by these settings', difference.added),
    ...counts('gone with these settings', difference.gone),
  ];
}

const TIERS = ['critical', 'high', 'medium', 'low'] as const;

const inAll = ({ alerts, by_severity: counted, suppressed }: AlertCounts): string =>
  `${alerts} alerts (${TIERS.map((tier) => `${counted[tier] ?? 0} ${tier}`).join(', ')}), ${suppressed} findings suppressed or only observed`;

function ofAlerts(counts: AlertCounts): readonly string[] {
  const rows = Object.entries(counts.days).map(([day, by]) => [day, ...TIERS.map((tier) => by[tier])]);
  return [
    inAll(counts),
    ...(counts.left_out === 0
      ? []
      : [`${counts.left_out} findings of the noisiest were not asked whether they raise one`]),
    '',
    ...tableLines(['alerts', ...TIERS], rows),
  ];
}

function ofTally({ findings, signals, days, by_measure: measures, noisiest }: BacktestTally): string[] {
  const dayRows = Object.entries(days).map(([day, { high, medium, low }]) => [day, high, medium, low]);
  return [
    `${findings} findings, of them ${signals} signals`,
    '',
    ...tableLines(['fidelity', 'high', 'medium', 'low'], dayRows),
    ...counts('by measure', measures),
    '',
    ...tableLines(
      ['findings', 'entity', 'name', 'uid'],
      noisiest.map(({ findings: n, entity_kind: kind, name, entity_uid: uid }) => [n, kind, name, uid]),
    ),
  ];
}

const counts = (title: string, of: Readonly<Record<string, number>>): string[] => [
  '',
  `${title}:${Object.keys(of).length === 0 ? ' none' : ''}`,
  ...Object.entries(of).map(([name, n]) => `  ${String(n).padStart(8)}  ${printable(name)}`),
];
