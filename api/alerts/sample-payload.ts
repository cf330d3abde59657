import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import type { Alert } from './alert.js';
import type { Notification } from './notifiers/notifier.js';
import { alertPayload } from './payload.js';

const MINUTE_MS = 60_000;

/** A notification that is plainly no incident, for trying a destination. Nothing of it is stored. */
export function samplePayload(kind: 'test' | 'resolved', baseUrl: string, nowMs: number): Notification {
  const now = formatTime(nowMs);
  const since = formatTime(nowMs - MINUTE_MS);
  const alert: Alert = {
    alert_uid: deterministicUuid('test alert', now),
    entity_kind: 'token',
    entity_uid: `tok_${'0'.repeat(22)}`,
    token_uid: `tok_${'0'.repeat(22)}`,
    token_name: 'sample-token',
    principal_uid: 'tourniquet|sample-owner',
    principal_name: 'sample-owner',
    token_uids: [`tok_${'0'.repeat(22)}`],
    signals: [],
    risk: 0,
    severity: 'info',
    fidelity: 'low',
    title: 'This is a test of the destination. Nothing happened, and nothing needs to be done.',
    first_seen: since,
    last_seen: now,
    finding_count: 1,
    finding_uids: [],
    detectors: ['test'],
    techniques: [],
    client_addresses: ['192.0.2.1'],
    target_services: ['sample-service'],
    evidence: [],
    reading: {
      finding_uid: deterministicUuid('test finding', now),
      severity: 'info',
      fidelity: 'low',
      time: now,
      detector: 'test',
      measure: 'requests',
      unit: 'requests/10s',
      observed: 240,
      expected: 12,
      spread: 5,
      sample_count: 360,
      window_start: since,
      window_end: now,
      summary: 'Test.',
      drill: false,
      sql: '',
    },
    state: kind === 'resolved' ? 'resolved' : 'open',
    suppressed_until: null,
    opened_at: now,
    updated_at: now,
    history: [{ from: null, to: 'open', time: now, actor: 'tourniquet', reason: 'tourniquet alerts test' }],
    version: 1,
  };
  return {
    delivery_uid: deterministicUuid('test delivery', kind, now),
    payload: alertPayload(alert, kind, baseUrl),
  };
}
