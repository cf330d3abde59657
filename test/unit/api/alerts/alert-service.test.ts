import { AlertService } from '../../../../api/alerts/alert-service.js';
import type { Delivery } from '../../../../api/alerts/delivery.js';
import type { Destination } from '../../../../api/alerts/notifiers/notifier.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { finding, ManualClock, MemoryRepository, TOKEN } from '../../../support/alert-fixtures.js';

const notifier = { notify: () => Promise.resolve({ kind: 'delivered', status: 204 } as const) };
const destinations: Destination[] = [
  { name: 'soc', drills: true, severityMin: 'medium', notifier },
  { name: 'pager', drills: true, severityMin: 'critical', notifier },
];

function service(repository: MemoryRepository, wanted = destinations) {
  const enqueued: Delivery[] = [];
  const clock = new ManualClock();
  const alerts = new AlertService({
    alerts: repository,
    deliveries: repository,
    destinations: wanted,
    policy: defaultPolicy,
    baseUrl: 'https://tq.example',
    clock,
    enqueue: (deliveries) => enqueued.push(...deliveries),
  });
  return { alerts, enqueued, clock };
}

describe('AlertService', () => {
  it('stores a delivery for each destination that wants the severity, before it is handed over', async () => {
    const repository = new MemoryRepository();
    const { alerts, enqueued } = service(repository);
    await alerts.accept([finding(0)]);
    expect(repository.saves).toEqual(['deliveries', 'facts']);
    expect(enqueued.map((delivery) => delivery.destination)).toEqual(['soc']);
    await alerts.accept([finding(1, { severity: 'critical' })]);
    expect(enqueued.map((delivery) => `${delivery.destination} ${delivery.kind}`)).toEqual([
      'soc opened',
      'soc escalated',
      'pager escalated',
    ]);
  });

  it('tells a drill only where drills are wanted', async () => {
    const repository = new MemoryRepository();
    const quiet: Destination = { name: 'quiet', drills: false, severityMin: 'info', notifier };
    const { alerts, enqueued } = service(repository, [...destinations, quiet]);
    await alerts.accept([finding(0, { drill: true }), finding(1, { entity_uid: `tok_${'C'.repeat(22)}` })]);
    const told = enqueued.map(({ destination, payload }) => `${destination} ${payload.data.drill}`);
    expect(told).toEqual(['soc true', 'soc false', 'quiet false']);
  });

  it.each(['deliveries', 'facts'] as const)('owes exactly the same after a kill before %s', async (step) => {
    const repository = new MemoryRepository();
    repository.failNext = step;
    await expect(service(repository).alerts.accept([finding(0), finding(1)])).rejects.toThrow('killed');
    const again = service(repository);
    // The log may cut the batch elsewhere after a restart.
    await again.alerts.accept([finding(0)]);
    await again.alerts.accept([finding(1)]);
    expect([...repository.alerts.values()].map((alert) => alert.finding_count)).toEqual([2]);
    expect(repository.outbox.size).toBe(1);
  });

  it('counts and owes the same after a kill between the facts of a merge and the end of the other alert', async () => {
    const repository = new MemoryRepository();
    await service(repository).alerts.accept([finding(0), finding(400)]);
    repository.failNext = 'transition';
    await expect(service(repository).alerts.accept([finding(200)])).rejects.toThrow('killed before transition');
    await service(repository).alerts.accept([finding(200)]);
    const alerts = [...repository.alerts.values()].sort((a, b) => b.finding_count - a.finding_count);
    expect(alerts).toMatchObject([
      { state: 'open', finding_count: 3, signals: [{ count: 3 }] },
      { state: 'resolved', finding_count: 1, signals: [{ count: 1 }] },
    ]);
    expect([...repository.outbox.values()].map(({ kind }) => kind)).toEqual(['opened', 'opened', 'resolved']);
  });

  it('answers in the payload which, observed, expected, since, from, touching, what next, where and how', async () => {
    const repository = new MemoryRepository();
    await service(repository).alerts.accept([finding(0)]);
    const [delivery] = [...repository.outbox.values()];
    const alert = [...repository.alerts.values()][0]!;
    expect(delivery?.payload).toMatchObject({
      type: 'alert.opened',
      data: {
        which: { token_uid: TOKEN, token_name: 'ci-deploy', principal_name: 'deployer' },
        reading: { measure: 'requests', observed: 300, expected: 12, spread: 3, sample_count: 400 },
        since: finding(0).time,
        from: ['203.0.113.7'],
        touching: ['orders'],
        links: {
          alert: `https://tq.example/alerts/${alert.alert_uid}`,
          sql: 'https://tq.example/sql?q=SELECT+count%28%29+FROM+token_events',
          alert_api: `https://tq.example/v1/alerts/${alert.alert_uid}`,
        },
        sql: 'SELECT count() FROM token_events',
      },
    });
    expect(delivery?.payload.data.next_step).toContain('deployer');
  });

  it('takes decisions, keeps their history and tells destinations; repeating one is harmless', async () => {
    const repository = new MemoryRepository();
    const { alerts, enqueued, clock } = service(repository);
    const [alert] = await alerts.accept([finding(0)]);
    const request = { to: 'acknowledged', actor: 'ann', reason: 'mine', suppressedUntil: null } as const;
    clock.ms += 1000;
    const acknowledged = await alerts.change(alert!.alert_uid, request);
    expect(acknowledged.history.map((step) => `${step.from ?? ''}>${step.to} ${step.actor}`)).toEqual([
      '>open tourniquet',
      'open>acknowledged ann',
    ]);
    await alerts.change(alert!.alert_uid, request);
    expect(enqueued.map((delivery) => delivery.kind)).toEqual(['opened', 'acknowledged']);
  });

  it('keeps the order of decisions though the clock is set back', async () => {
    const repository = new MemoryRepository();
    const { alerts, clock } = service(repository);
    const [alert] = await alerts.accept([finding(0)]);
    const by = { actor: 'ann', reason: 'x', suppressedUntil: null };
    await alerts.change(alert!.alert_uid, { ...by, to: 'acknowledged' });
    clock.ms -= 60_000;
    const resolved = await alerts.change(alert!.alert_uid, { ...by, to: 'resolved' });
    const times = resolved.history.map((step) => Date.parse(step.time));
    expect(times.map((time, n) => n === 0 || time > times[n - 1]!)).toEqual([true, true, true]);
  });

  it('refuses to leave the resolved state and to change what is not there', async () => {
    const repository = new MemoryRepository();
    const { alerts } = service(repository);
    const [alert] = await alerts.accept([finding(0)]);
    const by = { actor: 'ann', reason: 'done', suppressedUntil: null };
    await alerts.change(alert!.alert_uid, { ...by, to: 'resolved' });
    await expect(alerts.change(alert!.alert_uid, { ...by, to: 'open' })).rejects.toMatchObject({ code: 'TQ_CONFLICT' });
    await expect(alerts.change('nope', { ...by, to: 'open' })).rejects.toMatchObject({ code: 'TQ_NOT_FOUND' });
  });

  it('does not lose a finding that comes while another is being stored', async () => {
    const repository = new MemoryRepository();
    const { alerts } = service(repository);
    await Promise.all([alerts.accept([finding(0)]), alerts.accept([finding(1)]), alerts.accept([finding(2)])]);
    expect([...repository.alerts.values()].map((alert) => alert.finding_count)).toEqual([3]);
  });

  it('owes a dead delivery again under its id, and leaves the others as they are', async () => {
    const repository = new MemoryRepository();
    const { alerts, enqueued } = service(repository);
    await alerts.accept([finding(0)]);
    const [owed] = enqueued.splice(0);
    const uid = owed?.delivery_uid ?? '';
    expect(await alerts.retryDelivery(uid)).toEqual(owed);
    const dead = { ...owed!, state: 'dead', attempts: 20, last_reason: 'answered 404', version: 7 } as const;
    repository.outbox.set(uid, dead);
    const again = await alerts.retryDelivery(uid);
    expect(again).toMatchObject({
      delivery_uid: uid,
      state: 'pending',
      attempts: 0,
      version: 8,
      payload: dead.payload,
    });
    expect(enqueued).toEqual([again]);
    expect(repository.outbox.get(uid)).toEqual(again);
    repository.outbox.set(uid, { ...again, state: 'delivered', version: 9 });
    await expect(alerts.retryDelivery(uid)).rejects.toMatchObject({ code: 'TQ_CONFLICT' });
    await expect(alerts.retryDelivery('nobody')).rejects.toMatchObject({ code: 'TQ_NOT_FOUND' });
    expect(enqueued).toHaveLength(1);
  });
});
