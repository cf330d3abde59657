import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { AppError } from '../../../ingest/core/errors.js';
import { guidanceOf } from '../../../detectors/guidance.js';
import { ruleGuidanceOf } from '../../../detectors/worker/rules/rule-guidance.js';
import { formatTime, TIME_MAX_MS } from '../../../ingest/event/time.js';
import type { Alert, AlertState } from '../../alerts/alert.js';
import { nextStep } from '../../alerts/next-step.js';
import { linksOf } from '../../alerts/payload.js';
import type { ApiDeps } from '../../api-deps.js';
import { getAlert } from '../../queries/get-alert.js';
import { listAlerts } from '../../queries/list-alerts.js';
import {
  alertDetailSchema, alertsAnswer, alertsQuery, changeBody, suppressBody, uidParams,
} from '../../schemas/alerts.js'; // prettier-ignore
import { pageOf, readCursor, readInstant, severitiesFrom } from '../../schemas/common.js';
import { problemResponses } from '../../schemas/problem.js';

const DAY_MS = 86_400_000;
const SUPPRESS_DEFAULT_MS = DAY_MS;
const SUPPRESS_MAX_MS = 90 * DAY_MS;

const detailOf = (alert: Alert, baseUrl: string): z.output<typeof alertDetailSchema> => ({
  ...alert,
  detectors: [...alert.detectors],
  techniques: [...alert.techniques],
  client_addresses: [...alert.client_addresses],
  target_services: [...alert.target_services],
  token_uids: [...alert.token_uids],
  signals: alert.signals.map((signal) => ({ ...signal, techniques: [...signal.techniques] })),
  finding_uids: [...alert.finding_uids],
  evidence: [...alert.evidence],
  history: [...alert.history],
  next_step: nextStep(alert),
  guidance: alert.detectors.flatMap((detector) => {
    const known = guidanceOf(detector) ?? ruleGuidanceOf(detector);
    if (known === undefined) return [];
    return [{ detector, false_positives: [...known.falsePositives], next_steps: [...known.nextSteps] }];
  }),
  links: linksOf(alert, baseUrl),
});

const decisions = [
  { verb: 'acknowledge', to: 'acknowledged', summary: 'Somebody works on it' },
  { verb: 'resolve', to: 'resolved', summary: 'The episode is over' },
  { verb: 'reopen', to: 'open', summary: 'Back to open from acknowledged or suppressed' },
] as const satisfies readonly { verb: string; to: AlertState; summary: string }[];

export function alertRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const { alerts, baseUrl, clock, querier } = deps;
  typed.get(
    '/v1/alerts',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'listAlerts',
        summary: 'Alerts, latest finding first',
        tags: ['alerts'],
        querystring: alertsQuery,
        response: { 200: alertsAnswer, ...problemResponses },
      },
    },
    async ({ query }) => {
      const cursor = readCursor(query.cursor);
      const rows = await querier.run(listAlerts, {
        from_ms: query.from === undefined ? 0 : readInstant(query.from),
        to_ms: query.to === undefined ? TIME_MAX_MS : readInstant(query.to),
        states: query.state === undefined ? [] : [query.state],
        severities: severitiesFrom(query.severity_min),
        token_uid: query.token_uid ?? '',
        principal_uid: query.principal_uid ?? '',
        before_ms: cursor.beforeMs,
        before_uid: cursor.beforeUid,
        rows: query.limit + 1,
      });
      const page = pageOf(rows, query.limit, (row) => ({ time: row.last_seen, uid: row.alert_uid }));
      return { ...page, items: page.items.map((alert) => detailOf(alert, baseUrl)) };
    },
  );
  typed.get(
    '/v1/alerts/:uid',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'getAlert',
        summary: 'One alert with evidence and history',
        tags: ['alerts'],
        params: uidParams,
        response: { 200: alertDetailSchema, ...problemResponses },
      },
    },
    async ({ params: { uid } }) => {
      const [alert] = await querier.run(getAlert, { alert_uid: uid });
      if (alert === undefined) throw new AppError('TQ_NOT_FOUND', `There is no alert ${uid}.`);
      return detailOf(alert, baseUrl);
    },
  );
  for (const { verb, to, summary } of decisions) {
    typed.post(
      `/v1/alerts/:uid/${verb}`,
      {
        config: { access: 'responder' },
        schema: {
          operationId: `${verb}Alert`,
          summary,
          tags: ['alerts'],
          params: uidParams,
          body: changeBody,
          response: { 200: alertDetailSchema, ...problemResponses },
        },
      },
      async ({ params, body, caller }) => {
        const request = { to, actor: caller.name, reason: body.reason, suppressedUntil: null };
        return detailOf(await alerts.change(params.uid, request), baseUrl);
      },
    );
  }
  typed.post(
    '/v1/alerts/:uid/suppress',
    {
      config: { access: 'responder' },
      schema: {
        operationId: 'suppressAlert',
        summary: 'Findings of the entity join this alert in silence until then',
        tags: ['alerts'],
        params: uidParams,
        body: suppressBody,
        response: { 200: alertDetailSchema, ...problemResponses },
      },
    },
    async ({ params, body, caller }) => {
      const until = suppressUntil(body.until, clock.nowMs());
      const request = { to: 'suppressed', actor: caller.name, reason: body.reason, suppressedUntil: until } as const;
      return detailOf(await alerts.change(params.uid, request), baseUrl);
    },
  );
}

function suppressUntil(text: string | undefined, nowMs: number): string {
  const untilMs = text === undefined ? nowMs + SUPPRESS_DEFAULT_MS : readInstant(text);
  if (untilMs <= nowMs || untilMs > nowMs + SUPPRESS_MAX_MS) {
    throw new AppError('TQ_REQUEST_INVALID', 'The end of the suppression is past or more than 90 days away.', {
      mend: 'Give a time within the next 90 days.',
    });
  }
  return formatTime(untilMs);
}
