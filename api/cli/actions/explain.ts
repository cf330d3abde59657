import type { Outlook } from '../../../detectors/core/detector.js';
import type { DetectorReadings, Reading, StageReadings } from '../../../detectors/worker/readings.js';
import { AppError } from '../../../ingest/core/errors.js';
import { printable } from '../../alerts/wording.js';
import { explain, EXPLAIN_DAYS_MAX, type EventExplanation, type Explanation } from '../../explain/explain.js';
import { explainAnswer } from '../../schemas/explain.js';
import { createApiClient, type ApiOptions } from '../api-client.js';
import type { CommonOptions } from '../cli-context.js';
import { ensureDataDir, openStore, type Surroundings } from '../open-parts.js';
import type { Terminal } from '../terminal.js';

export interface ExplainOptions extends CommonOptions, ApiOptions {
  readonly days: string;
  readonly json: boolean;
}

const DAY_MS = 86_400_000;

/** Asks the store itself; with `--url` a running instance, which alone may open its embedded store. */
export async function explainFromStore(id: string, options: ExplainOptions, s: Surroundings, terminal: Terminal): Promise<void> {
  const lookBackMs = daysOf(options) * DAY_MS;
  ensureDataDir(s.config);
  const { querier } = await openStore(s, { migrate: false });
  const { detectors, worker } = s.config;
  tell(await explain(id, { querier, detectors, allowedLatenessMs: worker.allowed_lateness, lookBackMs }), options, terminal);
} // prettier-ignore

export async function explainFromApi(id: string, options: ExplainOptions, terminal: Terminal): Promise<void> {
  const api = createApiClient(options, terminal.env);
  const path = `/v1/explain/${encodeURIComponent(id)}?days=${daysOf(options)}`;
  tell(await api.get(path, explainAnswer), options, terminal);
}

function daysOf(options: ExplainOptions): number {
  const days = Number(options.days);
  if (Number.isInteger(days) && days >= 0 && days <= EXPLAIN_DAYS_MAX) return days;
  throw new AppError('TQ_REQUEST_INVALID', `--days ${options.days} is no number of days from 0 to ${EXPLAIN_DAYS_MAX}.`, {
    mend: 'Give a whole number, such as --days 30.',
  });
} // prettier-ignore

function tell(explanation: Explanation, { json }: ExplainOptions, terminal: Terminal): void {
  if (json) terminal.out(JSON.stringify(explanation));
  else for (const line of inWords(explanation)) terminal.out(printable(line));
}

function inWords(explanation: Explanation): readonly string[] {
  switch (explanation.kind) {
    case 'event':
      return ofEvent(explanation);
    case 'alert': {
      const { alert, deciding } = explanation;
      return [
        `alert ${alert.alert_uid}: ${alert.severity}, ${alert.fidelity} fidelity, ${alert.title}`,
        ...alert.signals.map(
          ({ detector, measure, observed, expected, unit, count, summary }) =>
            `  signal ${detector}/${measure}, ${count} times: observed ${number(observed)}, expected ${number(expected)} ${unit}. ${summary}`,
        ),
        ...(deciding === null ? ['its deciding event has left the store'] : ofEvent(deciding)),
      ];
    }
    case 'token': {
      const { token, last } = explanation;
      const facts = Object.entries(token).filter(([, value]) => value !== null && value !== '' && !isEmptyList(value));
      const lines = [`token ${token.token_uid}`, ...facts.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)];
      return last === null ? lines : [...lines, 'its last event:', ...ofEvent(last)];
    }
  }
} // prettier-ignore

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function ofEvent({ event, stored, stages }: EventExplanation): readonly string[] {
  const places = stored.map(({ partition, offset }) => `partition ${partition}, offset ${offset}`).join('; ');
  return [
    `event ${event.event_uid} of ${event.time}`,
    `  parsed: ${JSON.stringify(event)}`,
    `  stored: ${stored.length === 1 ? 'once' : `${stored.length} times, of which one counts`} (${places})`,
    ...stages.flatMap(ofStage),
  ];
}

function ofStage({ stage, entityUid, eventsBefore, since, observation, detectors }: StageReadings): readonly string[] {
  if (entityUid === null || observation === null) return [`${stage} stage: the event tells none, so nothing is scored`];
  const { accepted, request, failed } = observation;
  const past = since === null ? 'no event before it' : `${eventsBefore} events since ${since} before it`;
  return [
    `${stage} stage: ${entityUid}, ${past}; ${request ? 'counts as a request' : 'no request'}, ${accepted ? 'accepted' : 'not accepted'}${failed ? ', failed through the caller' : ''}`,
    ...detectors.flatMap(ofDetector),
  ];
}

function ofDetector({ detector, readings, outlook, stateBytes }: DetectorReadings): readonly string[] {
  if (readings.length === 0) {
    return [`  ${detector}: nothing to report (remembers ${stateBytes} bytes)`, ...outlook.map(ofOutlook)];
  }
  return readings.map((reading) => `  ${detector}/${reading.measure}: ${ofReading(reading)}`);
}

function ofOutlook({ name, unit, observed, expected, threshold, note }: Outlook): string {
  const usual = expected === null ? 'nothing known to expect' : `expected ${number(expected)}`;
  const told = threshold === null ? 'not judged yet' : `told from ${number(threshold)}`;
  return `    ${name}: observed ${number(observed)}, ${usual}, ${told} (${unit})${note === '' ? '' : `; ${note}`}`;
}

function ofReading({ observed, expected, spread, unit, value, sampleCount, warmedUp, verdict, whyNone }: Reading): string {
  const numbers = `observed ${number(observed)}, expected ${number(expected)} ± ${number(spread)} ${unit}, score ${number(value)}, ${sampleCount} samples, ${warmedUp ? 'warmed up' : 'learning'}`;
  if (verdict === null) return `${numbers}: ${whyNone}`;
  return `${numbers}: ${verdict.severity}, ${verdict.fidelity} fidelity. ${verdict.summary}`;
} // prettier-ignore

const number = (value: number): string => String(Math.round(value * 1000) / 1000);
