import { severities, type Severity } from '../../detectors/core/detector.js';
import { parseTime } from '../../ingest/event/time.js';
import type { Querier } from '../../ingest/store/store.js';
import type { Alert } from '../alerts/alert.js';
import { severityRank } from '../alerts/policy.js';
import { alertingUses } from '../queries/alerting-uses.js';
import { listAlerts } from '../queries/list-alerts.js';
import type { HopRow } from '../queries/map-hops.js';
import type { TimeWindow } from '../schemas/common.js';
import { hopKey, type MapHop } from './join-windows.js';

const ALERTS_MAX = 100;

const isSeverity = (text: string): text is Severity => severities.some((known) => known === text);

/** Marks the hops that open and acknowledged alerts of the window are about. */
export async function markAlerts(
  querier: Querier,
  hops: readonly MapHop[],
  window: TimeWindow,
  leaf: 'routes' | 'tokens',
): Promise<readonly MapHop[]> {
  const alerts = await alertsIn(querier, window);
  const named = alerts.flatMap((alert) => alert.token_uids.map((token_uid) => ({ alert, token_uid })));
  if (named.length === 0) return hops;
  const uses = await querier.run(alertingUses, {
    from_ms: window.fromMs,
    to_ms: window.toMs,
    token_uids: named.map(({ token_uid }) => token_uid),
    severities: named.map(({ alert }) => alert.severity),
    since_ms: named.map(({ alert }) => Math.min(parseTime(alert.reading.window_start), parseTime(alert.first_seen))),
    until_ms: named.map(({ alert }) => parseTime(alert.last_seen)),
    addresses: [...new Set(alerts.flatMap((alert) => alert.client_addresses))],
    services: [...new Set(alerts.flatMap((alert) => alert.target_services))],
  });
  const marks = new Map<string, Severity>();
  const mark = (layer: HopRow['layer'], source: string, target: string, severity: Severity): void => {
    const key = hopKey({ layer, source, target });
    const known = marks.get(key);
    if (known === undefined || severityRank(known) < severityRank(severity)) marks.set(key, severity);
  };
  for (const use of uses) {
    if (!isSeverity(use.severity)) continue;
    const end = leaf === 'tokens' ? use.token_uid : use.route;
    mark('caller_service', use.caller, use.service, use.severity);
    mark('service_leaf', use.service, end, use.severity);
    mark('leaf_network', end, use.network, use.severity);
  }
  return hops.map((hop) => (hop.hops > 1 ? hop : { ...hop, alert: marks.get(hopKey(hop)) ?? null }));
}

async function alertsIn(querier: Querier, window: TimeWindow): Promise<readonly Alert[]> {
  const found = await querier.run(listAlerts, {
    from_ms: window.fromMs,
    to_ms: window.toMs,
    states: ['open', 'acknowledged'],
    severities: [],
    token_uid: '',
    principal_uid: '',
    before_ms: 0,
    before_uid: '',
    rows: ALERTS_MAX,
  });
  return found;
}
