import { z } from 'zod';
import { DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { storedDecoys } from '../../detectors/worker/decoy-registry.js';
import { readingsAt, type ReadingsOptions, type StageReadings } from '../../detectors/worker/readings.js';
import { AppError } from '../../ingest/core/errors.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { defineQuery } from '../../ingest/store/query.js';
import type { Querier } from '../../ingest/store/store.js';
import { StoredEvents } from '../../ingest/store/stored-events.js';
import { storedEventQuery } from '../../ingest/store/stored-queries.js';
import { getAlert } from '../queries/get-alert.js';
import { getToken } from '../queries/get-token.js';

const placeQuery = defineQuery({
  name: 'explain_place',
  sql: `SELECT toUInt32(log_partition) AS partition, toString(log_offset) AS offset FROM token_events
WHERE event_uid = toUUID({uid:String}) ORDER BY log_offset LIMIT 10`,
  params: z.object({ uid: z.string() }),
  row: z.object({ partition: z.number(), offset: z.string() }),
});

/** The newest events of a token, of which the last one is walked through. */
const lastEventQuery = defineQuery({
  name: 'explain_last_event',
  sql: 'SELECT toString(event_uid) AS uid FROM token_events WHERE token_uid = {uid:String} ORDER BY time DESC, event_uid DESC LIMIT 1',
  params: z.object({ uid: z.string() }),
  row: z.object({ uid: z.string() }),
});

export interface ExplainDeps extends Omit<ReadingsOptions, 'detectors'> {
  readonly querier: Querier;
  /** The defaults where left out. */
  readonly detectors?: DetectorsOptions;
}

/** How far back `explain` may look, days. */
export const EXPLAIN_DAYS_MAX = 90;

export interface EventExplanation {
  /** As it was stored: secrets were made fingerprints before. */
  readonly event: TokenEvent;
  /** Rows in the store; the first counts, more are copies that a repeated delivery brought. */
  readonly stored: readonly { readonly partition: number; readonly offset: string }[];
  readonly stages: readonly StageReadings[];
}

type AlertRow = z.output<typeof getAlert.row>;
type TokenRow = z.output<typeof getToken.row>;

export type Explanation =
  | ({ readonly kind: 'event' } & EventExplanation)
  | {
      readonly kind: 'alert';
      readonly alert: Pick<AlertRow, 'alert_uid' | 'severity' | 'fidelity' | 'title' | 'signals'>;
      readonly deciding: EventExplanation | null;
    }
  | { readonly kind: 'token'; readonly token: TokenRow; readonly last: EventExplanation | null };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TOKEN_UID = /^tok_[A-Za-z0-9_-]{22}$/;

/**
 * Walks what the id names through every stage.
 *
 * @param id event_uid, alert_uid or token_uid.
 * @throws AppError TQ_REQUEST_INVALID for another text, TQ_NOT_FOUND where the store knows none.
 */
export async function explain(id: string, deps: ExplainDeps): Promise<Explanation> {
  if (TOKEN_UID.test(id)) return explainToken(id, deps);
  if (!UUID.test(id)) {
    throw new AppError('TQ_REQUEST_INVALID', 'The id is none of an event, an alert or a token.', {
      mend: 'Give an event_uid, an alert_uid or a token_uid (tok_…).',
    });
  }
  const event = await explainEvent(id, deps);
  if (event !== null) return { kind: 'event', ...event };
  const [alert] = await deps.querier.run(getAlert, { alert_uid: id });
  if (alert === undefined) throw unknown('event or alert');
  const [deciding] = alert.evidence;
  return { kind: 'alert', alert, deciding: deciding === undefined ? null : await explainEvent(deciding, deps) };
}

async function explainToken(uid: string, deps: ExplainDeps): Promise<Explanation> {
  const [token] = await deps.querier.run(getToken, { token_uid: uid });
  if (token === undefined) throw unknown('token');
  const [last] = await deps.querier.run(lastEventQuery, { uid });
  return { kind: 'token', token, last: last === undefined ? null : await explainEvent(last.uid, deps) };
}

async function explainEvent(uid: string, deps: ExplainDeps): Promise<EventExplanation | null> {
  const [row] = await deps.querier.run(storedEventQuery, { uid });
  if (row === undefined) return null;
  const [event] = new StoredEvents().read(row.line);
  if (event === undefined) return null;
  const stored = await deps.querier.run(placeQuery, { uid });
  const detectors = createDetectors(deps.detectors, new DecoyIndex(await storedDecoys(deps.querier)));
  return { event, stored, stages: await readingsAt(event, deps.querier, { ...deps, detectors }) };
}

const unknown = (what: string): AppError =>
  new AppError('TQ_NOT_FOUND', `The store knows no ${what} of this id.`, {
    mend: 'Copy the whole id; events may have left the store after their retention.',
  });
