import { chunks } from '../../../ingest/core/chunks.js';
import { basename } from 'node:path';
import type { Querier } from '../../../ingest/store/store.js';
import { sizesOf, type ReplaySummary } from '../../../ingest/pipeline/replay.js';
import { deadLetteredOf, droppedOf } from '../../../ingest/pipeline/record-tally.js';
import { AppError, describeError } from '../../../ingest/core/errors.js';
import type { z } from 'zod';
import type { Alert } from '../../alerts/alert.js';
import { nextStep } from '../../alerts/next-step.js';
import type { Config } from '../../config/schema.js';
import { getAlerts } from '../../queries/get-alert.js';
import { quietFindings } from '../../queries/quiet-findings.js';
import { printable } from '../../alerts/wording.js';
import { alertText } from '../alert-text.js';
import { openFingerprinter } from '../fingerprint-keys.js';
import { createProgress } from '../progress.js';
import type { Surroundings } from '../open-parts.js';
import { ensureDataDir, openLog, openStore } from '../open-parts.js';
import { startAlerting, startWorker, untilScored } from '../roles.js';
import { sourceByName } from '../source-by-name.js';
import type { Terminal } from '../terminal.js';
import { withIssuerBase } from './issuer-base.js';
import { ThreadedReplay, type SourceFile } from './threaded-replay.js';

export interface ReplayArguments {
  /** `[SOURCE:]FILE`: a product, the name of a configured source, or nothing where one source is configured. */
  readonly files: readonly string[];
  readonly json: boolean;
}

/**
 * @throws AppError TQ_CONFIG_INVALID that says how to name the source of a file.
 */
export function replayInputs(files: readonly string[], config: Config): readonly SourceFile[] {
  const inputs = files.map((argument): SourceFile => {
    const colon = argument.indexOf(':');
    const prefix = colon > 0 ? argument.slice(0, colon) : undefined;
    const path = argument.slice(colon + 1);
    const configured = config.sources.find((s) => s.name === prefix);
    if (configured !== undefined) return { path, source: configured };
    if (prefix !== undefined && /^[a-z][a-z0-9_]*$/.test(prefix)) {
      const own = config.sources.find((s) => s.product === prefix);
      return { path, source: own ?? { name: prefix, product: prefix, options: {} } };
    }
    const only = config.sources.length === 1 ? config.sources[0] : undefined;
    if (only === undefined) {
      throw new AppError('TQ_CONFIG_INVALID', `It is not said which product wrote ${basename(argument)}.`, {
        mend: 'Write SOURCE:FILE, for example nginx:access.log.gz.',
      });
    }
    return { path: argument, source: only };
  });
  // Refused here, before a data directory is made for them.
  for (const { source } of inputs) sourceByName(source.product, source.options);
  return inputs;
}

/** Alerts asked for at once. */
const ALERTS_ASKED = 200;
/** Kinds of quiet findings that are told of. */
const QUIET_MAX = 50;

export interface ReplayOutcome {
  readonly summary: ReplaySummary;
  readonly alerts: readonly Alert[];
  /** Findings that raised nothing, by kind. */
  readonly quiet: readonly z.output<typeof quietFindings.row>[];
  readonly seconds: number;
}

/**
 * Reads the inputs through the real pipeline into the data directory and waits until everything is scored and its hops are
 * counted. Alerts for people are printed as they fire; as NDJSON at the end, each once with all that joined it. Log, store and alerting stay
 * open for the caller.
 */
export async function runReplay(
  inputs: readonly SourceFile[],
  surroundings: Surroundings,
  terminal: Terminal,
  options: {
    readonly json: boolean;
    readonly title: string;
    /** Filled as alerts are opened and grow. */
    readonly alerts?: Map<string, Alert>;
  },
): Promise<ReplayOutcome & { readonly parts: Awaited<ReturnType<typeof openReplayParts>> }> {
  const { config, clock, logger } = surroundings;
  const started = clock.nowMs();
  const { alerts = new Map<string, Alert>() } = options;
  const bytes = createProgress(terminal, options.title, 100, 'events', () => clock.nowMs());
  const parts = await openReplayParts(surroundings, (alert) => {
    if (!alerts.has(alert.alert_uid) && !options.json) bytes.line(`\n${alertText(alert)}`);
    alerts.set(alert.alert_uid, alert);
  });
  try {
    const replay = await surroundings.lifecycle.start(
      new ThreadedReplay(
        { config, files: inputs },
        {
          writer: parts.writer,
          logger,
          onProgress: (p) =>
            bytes.update(
              p.events,
              `${Math.floor((p.bytesRead / Math.max(1, p.bytesTotal)) * 100)}% of ${inputs.length} files`,
            ),
        },
      ),
    );
    const summary = await replay.summary();
    await untilScored(surroundings, parts.log, parts.store, parts.worker, parts.alerting);
    const seconds = (clock.nowMs() - started) / 1000;
    const { querier } = parts.store;
    const whole = await wholeAlerts(querier, [...alerts.values()]);
    if (options.json) for (const alert of whole) bytes.line(alertLine(alert));
    const told = whole.flatMap(({ finding_uids: uids }) => [...uids]);
    const quiet = await querier.run(quietFindings, { finding_uids: told, rows: QUIET_MAX });
    return { summary, alerts: whole, quiet, seconds, parts };
  } finally {
    bytes.stop();
  }
}

const alertLine = (alert: Alert): string => JSON.stringify({ alert: { ...alert, next_step: nextStep(alert) } });

/** The alerts with all that joined them, the oldest first, whatever order they were opened in. */
async function wholeAlerts(querier: Querier, opened: readonly Alert[]): Promise<readonly Alert[]> {
  const found = new Map(opened.map((alert) => [alert.alert_uid, alert]));
  for (const uids of chunks([...found.keys()], ALERTS_ASKED))
    for (const alert of await querier.run(getAlerts, { alert_uids: uids })) found.set(alert.alert_uid, alert);
  const key = ({ first_seen, alert_uid }: Alert): string => `${first_seen} ${alert_uid}`;
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function openReplayParts(surroundings: Surroundings, onAlert: (alert: Alert) => void) {
  ensureDataDir(surroundings.config);
  // A key that is missing or broken is told before anything is opened.
  openFingerprinter(surroundings.config);
  const log = await openLog(surroundings);
  const store = await openStore(surroundings);
  const alerting = await startAlerting(surroundings, log, store, (notice) => onAlert(notice.alert));
  const writer = await surroundings.lifecycle.start(log.writer());
  const worker = await startWorker(surroundings, log, store, { replay: true });
  return { log, store, alerting, writer, worker };
}

/** What came of a replay, for people. */
export function replaySentence({
  summary,
  alerts,
  seconds,
}: Pick<ReplayOutcome, 'summary' | 'alerts' | 'seconds'>): string {
  const { counts, files, resumedFiles } = summary;
  const rate = Math.round(counts.events / Math.max(seconds, 0.001));
  const [events, received, perSecond] = [counts.events, counts.received, rate].map((n) => n.toLocaleString('en-US'));
  return (
    `${String(events)} events of ${String(received)} records in ${seconds.toFixed(1)} s (${String(perSecond)} events/s), ` +
    `${String(droppedOf(counts))} dropped, ${String(deadLetteredOf(counts))} dead letters, ${String(alerts.length)} alerts.` +
    (resumedFiles === 0
      ? ''
      : `\nOf ${resumedFiles} of ${files} files, what earlier replays into this data directory had read was passed over.`)
  );
}

/** What was found and raised no alert, for people: a debt such as a token in a URL is worth a look by day. */
export function quietLines(quiet: ReplayOutcome['quiet']): readonly string[] {
  if (quiet.length === 0) return [];
  return [
    'Found, and no alert by itself:',
    ...quiet
      .slice(0, 10)
      .map((one) =>
        printable(
          `  ${one.severity.padEnd(8)} ${one.detector} ${one.measure.replaceAll('_', ' ')} ×${String(one.findings)}: ${one.example}`,
        ),
      ),
    ...(quiet.length > 10 ? [`  and ${String(quiet.length - 10)} kinds more`] : []),
  ];
}

/** `tourniquet replay`: bulk backfill and one-off forensics. */
export async function replayAndReport(
  args: ReplayArguments,
  surroundings: Surroundings,
  terminal: Terminal,
): Promise<void> {
  const named = replayInputs(args.files, surroundings.config);
  // A slip in a path is told before a data directory is made and a store is opened.
  await sizesOf(named.map(({ path }) => path));
  const { files: inputs, notice } = await withIssuerBase(named, ({ source }) =>
    surroundings.config.sources.includes(source),
  );
  if (notice !== undefined) terminal.err(`tourniquet: ${notice}`);
  const opened = new Map<string, Alert>();
  // Log, store and checkpoints bear an end at any moment; what is left to do is to say so, and which alerts are open by then: the run
  // that goes on tells those again that change.
  const stopped = (): void => {
    if (args.json) for (const alert of opened.values()) terminal.out(alertLine(alert));
    terminal.err('\ntourniquet: Stopped. What was read is kept, and the same command goes on from there.');
    process.kill(process.pid, 'SIGINT');
  };
  process.once('SIGINT', stopped);
  const { summary, alerts, quiet, seconds } = await runReplay(inputs, surroundings, terminal, {
    json: args.json,
    title: 'replay',
    alerts: opened,
  }).finally(() => process.off('SIGINT', stopped));
  const { counts } = summary;
  const rate = Math.round(counts.events / Math.max(seconds, 0.001));
  const report = {
    files: summary.files,
    resumed_files: summary.resumedFiles,
    records: counts.received,
    events: counts.events,
    dropped: droppedOf(counts),
    dead_letters: deadLetteredOf(counts),
    first_time: summary.firstTime ?? null,
    last_time: summary.lastTime ?? null,
    alerts: alerts.length,
    findings_without_alert: quiet,
    seconds,
    events_per_second: rate,
  };
  if (args.json) terminal.out(JSON.stringify({ summary: report }));
  else terminal.out(`\n${[replaySentence({ summary, alerts, seconds }), ...quietLines(quiet)].join('\n')}`);
  for (const fault of summary.faults) terminal.err(`tourniquet: ${describeError(fault.error)}`);
  if (summary.faults.length > 0) terminal.setExitCode(1);
}
