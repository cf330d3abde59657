import type { Finding } from '../../detectors/core/finding.js';
import type { Clock } from '../../ingest/core/clock.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import type { Alert, AlertTransition } from '../../api/alerts/alert.js';
import type { Delivery } from '../../api/alerts/delivery.js';
import type { AlertRepository, DeliveryRepository } from '../../api/alerts/repository.js';

export const T0 = Date.UTC(2026, 0, 5, 12, 0, 0);
export const TOKEN = `tok_${'A'.repeat(22)}`;

export class ManualClock implements Clock {
  ms = T0;
  nowMs(): number {
    return this.ms;
  }
}

/** A finding about one token of an owner of its own, `minute` minutes after T0; the same arguments give the same finding. */
export function finding(minute: number, change: Partial<Finding> = {}): Finding {
  const timeMs = T0 + minute * 60_000;
  const entity = change.entity_uid ?? TOKEN;
  const detector = change.detector ?? 'rate';
  return {
    finding_uid: deterministicUuid('finding', detector, entity, String(minute)),
    detector,
    detector_version: 1,
    entity_kind: 'token',
    entity_uid: entity,
    token_uid: entity,
    token_name: 'ci-deploy',
    principal_uid:
      change.entity_kind === 'principal' ? entity : `https://idp.example|${entity === TOKEN ? 'deployer' : entity}`,
    principal_name: 'deployer',
    severity: 'medium',
    fidelity: 'medium',
    summary: 'Token ci-deploy made 300 requests in a minute; 12 are usual.',
    techniques: ['T1528'],
    score: {
      value: 9,
      measure: 'requests',
      unit: 'requests/min',
      observed: 300,
      expected: 12,
      spread: 3,
      sampleCount: 400,
      warmedUp: true,
      windowStartMs: timeMs - 60_000,
      windowEndMs: timeMs,
    },
    time: formatTime(timeMs),
    client_address: '203.0.113.7',
    target_service: 'orders',
    evidence: [deterministicUuid('event', String(minute))],
    sql: 'SELECT count() FROM token_events',
    ...change,
  };
}

/** The outbox and the alerts in memory, with a switch that makes the next save fail. */
export class MemoryRepository implements AlertRepository, DeliveryRepository {
  readonly alerts = new Map<string, Alert>();
  readonly outbox = new Map<string, Delivery>();
  readonly saves: string[] = [];
  failNext: 'deliveries' | 'facts' | 'transition' | null = null;

  readonly findings: Finding[] = [];

  related(uids: readonly string[], findingUids: readonly string[]): Promise<readonly Alert[]> {
    const isNamed = (alert: Alert): boolean =>
      [alert.entity_uid, alert.principal_uid, ...alert.token_uids].some((uid) => uids.includes(uid));
    const found = [...this.alerts.values()].filter(
      (alert) => isNamed(alert) || alert.finding_uids.some((uid) => findingUids.includes(uid)),
    );
    return Promise.resolve(found);
  }

  signals(uids: readonly string[], fromMs: number, toMs: number): Promise<readonly Finding[]> {
    return Promise.resolve(
      this.findings.filter(({ principal_uid, token_uid, time }) => {
        const timeMs = Date.parse(time);
        return (uids.includes(principal_uid) || uids.includes(token_uid)) && timeMs >= fromMs && timeMs <= toMs;
      }),
    );
  }

  get(alertUid: string): Promise<Alert | undefined> {
    return Promise.resolve(this.alerts.get(alertUid));
  }

  async saveFacts(alerts: readonly Alert[]): Promise<void> {
    this.#step('facts');
    for (const alert of alerts) {
      const stored = this.alerts.get(alert.alert_uid);
      const history = stored?.history ?? alert.history;
      const state = stored?.state ?? alert.state;
      if ((stored?.version ?? 0) < alert.version) this.alerts.set(alert.alert_uid, { ...alert, history, state });
    }
    await Promise.resolve();
  }

  async saveTransition(alertUid: string, step: AlertTransition, suppressedUntil: string | null): Promise<void> {
    this.#step('transition');
    const alert = this.alerts.get(alertUid);
    if (alert === undefined) throw new Error('no such alert');
    const history = [...alert.history, step];
    this.alerts.set(alertUid, { ...alert, history, state: step.to, suppressed_until: suppressedUntil });
    await Promise.resolve();
  }

  known(uids: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(uids.filter((uid) => this.outbox.has(uid))));
  }

  delivery(deliveryUid: string): Promise<Delivery | undefined> {
    return Promise.resolve(this.outbox.get(deliveryUid));
  }

  async save(deliveries: readonly Delivery[]): Promise<void> {
    this.#step('deliveries');
    for (const delivery of deliveries) {
      const stored = this.outbox.get(delivery.delivery_uid);
      if ((stored?.version ?? 0) < delivery.version) this.outbox.set(delivery.delivery_uid, delivery);
    }
    await Promise.resolve();
  }

  pending(max: number): Promise<readonly Delivery[]> {
    const list = [...this.outbox.values()].filter((delivery) => delivery.state === 'pending');
    return Promise.resolve(list.slice(0, max));
  }

  #step(name: 'deliveries' | 'facts' | 'transition'): void {
    if (this.failNext === name) {
      this.failNext = null;
      throw new Error(`killed before ${name}`);
    }
    this.saves.push(name);
  }
}
