import { AlertService } from '../../../../api/alerts/alert-service.js';
import type { Delivery } from '../../../../api/alerts/delivery.js';
import { DeliveryDispatcher, type DispatcherOptions } from '../../../../api/alerts/dispatcher.js';
import type { Destination } from '../../../../api/alerts/notifiers/notifier.js';
import { parseSigningKeys } from '../../../../api/alerts/notifiers/signature.js';
import { createWebhookNotifier } from '../../../../api/alerts/notifiers/webhook.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { finding, MemoryRepository } from '../../../support/alert-fixtures.js';
import { WebhookReceiver } from '../../../support/webhook-receiver.js';

const quick: DispatcherOptions = { backoffBaseMs: 10, backoffCapMs: 40, refreshMs: 50 };

class TellingRepository extends MemoryRepository {
  readonly #waiting: { test: (delivery: Delivery) => boolean; resolve: (delivery: Delivery) => void }[] = [];

  override async save(deliveries: readonly Delivery[]): Promise<void> {
    await super.save(deliveries);
    for (const delivery of deliveries) {
      for (const waiter of this.#waiting) if (waiter.test(delivery)) waiter.resolve(delivery);
    }
  }

  until(test: (delivery: Delivery) => boolean): Promise<Delivery> {
    return new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }
}

describe('DeliveryDispatcher against a real HTTP receiver', () => {
  let receiver: WebhookReceiver;
  let repository: TellingRepository;
  let destination: Destination;
  const running: DeliveryDispatcher[] = [];

  beforeEach(async () => {
    receiver = new WebhookReceiver();
    repository = new TellingRepository();
    const url = await receiver.start();
    const keys = parseSigningKeys(receiver.secret, 'test');
    const notifier = createWebhookNotifier({ url, keys, timeoutMs: 1500 }, systemClock);
    destination = { name: 'soc', drills: true, severityMin: 'low', notifier };
  });

  afterEach(async () => {
    for (const dispatcher of running.splice(0)) await dispatcher.stop(100);
    await receiver.stop();
  });

  function dispatcher(options: DispatcherOptions = quick, destinations = [destination]): DeliveryDispatcher {
    const made = new DeliveryDispatcher(
      { deliveries: repository, destinations, clock: systemClock, random: () => 0.5, logger: silentLogger },
      options,
    );
    running.push(made);
    return made;
  }

  function service(to: DeliveryDispatcher | null): AlertService {
    return new AlertService({
      alerts: repository,
      deliveries: repository,
      destinations: [destination],
      policy: defaultPolicy,
      baseUrl: 'https://tq.example',
      clock: systemClock,
      enqueue: (deliveries) => to?.enqueue(deliveries),
    });
  }

  const delivered = (delivery: Delivery): boolean => delivery.state === 'delivered';

  it('delivers with a signature that the receiver verifies', async () => {
    const sender = dispatcher();
    await sender.start();
    const done = repository.until(delivered);
    await service(sender).accept([finding(0)]);
    const delivery = await done;
    expect(delivery).toMatchObject({ attempts: 1, last_status: 204 });
    expect(receiver.calls).toHaveLength(1);
    expect(receiver.calls[0]).toMatchObject({ id: delivery.delivery_uid, verified: true });
    expect(Math.abs((receiver.calls[0]?.timestampS ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect(receiver.calls[0]?.body).toEqual(delivery.payload);
  });

  it.each([
    ['500', { status: 500 }],
    ['429', { status: 429 }],
    ['a hanging receiver', 'hang'],
    ['a reset connection', 'reset'],
  ] as const)('tries again after %s under the same id', async (_name, answer) => {
    receiver.answers.push(answer, answer);
    const sender = dispatcher();
    await sender.start();
    const done = repository.until(delivered);
    await service(sender).accept([finding(0)]);
    expect((await done).attempts).toBe(3);
    expect(new Set(receiver.calls.map((call) => call.id)).size).toBe(1);
    expect(receiver.calls.every((call) => call.verified)).toBe(true);
  });

  it.each([410, 400, 302])('is dead at once after %i, with the reason', async (status) => {
    receiver.answers.push({ status, headers: { location: 'http://127.0.0.1:1/' } });
    const sender = dispatcher();
    await sender.start();
    const done = repository.until((delivery) => delivery.state === 'dead');
    await service(sender).accept([finding(0)]);
    expect(await done).toMatchObject({ attempts: 1, last_status: status });
    expect(receiver.calls).toHaveLength(1);
  });

  it('is dead when the attempts are used up', async () => {
    receiver.answers.push({ status: 503 }, { status: 503 }, { status: 503 });
    const sender = dispatcher({ ...quick, attemptsMax: 3 });
    await sender.start();
    const done = repository.until((delivery) => delivery.state === 'dead');
    await service(sender).accept([finding(0)]);
    expect(await done).toMatchObject({ attempts: 3, last_status: 503, last_reason: 'answered 503' });
  });

  it('waits at least as long as Retry-After says', async () => {
    receiver.answers.push({ status: 429, headers: { 'retry-after': '120' } });
    const sender = dispatcher();
    await sender.start();
    const tried = repository.until((delivery) => delivery.attempts === 1);
    await service(sender).accept([finding(0)]);
    const delivery = await tried;
    expect(Date.parse(delivery.next_attempt_at) - Date.parse(delivery.updated_at)).toBe(120_000);
  });

  it('finds what a killed process left behind', async () => {
    await service(null).accept([finding(0)]);
    const done = repository.until(delivered);
    await dispatcher().start();
    expect((await done).attempts).toBe(1);
    expect(receiver.calls).toHaveLength(1);
  });

  it('sends again, under the same id, what was sent but not written down', async () => {
    await service(null).accept([finding(0)]);
    repository.failNext = 'deliveries';
    const done = repository.until(delivered);
    await dispatcher().start();
    await done;
    expect(receiver.calls).toHaveLength(2);
    expect(receiver.calls[0]?.id).toBe(receiver.calls[1]?.id);
  });

  it('keeps the messages of one alert in order though the first fails', async () => {
    receiver.answers.push({ status: 500 });
    const sender = dispatcher();
    await sender.start();
    const done = repository.until((delivery) => delivery.kind === 'escalated' && delivered(delivery));
    const alerts = service(sender);
    await alerts.accept([finding(0)]);
    await alerts.accept([finding(1, { severity: 'critical' })]);
    await done;
    expect(receiver.calls.map((call) => (call.body as { type: string }).type)).toEqual([
      'alert.opened',
      'alert.opened',
      'alert.escalated',
    ]);
  });

  it('gives up on a destination that is no longer configured', async () => {
    await service(null).accept([finding(0)]);
    const done = repository.until((delivery) => delivery.state === 'dead');
    await dispatcher(quick, []).start();
    expect((await done).last_reason).toContain('soc is not configured');
  });

  it('sends nothing while another process holds the lease', async () => {
    await service(null).accept([finding(0)]);
    let mine = false;
    const sender = new DeliveryDispatcher(
      {
        deliveries: repository,
        destinations: [destination],
        clock: systemClock,
        random: () => 0.5,
        logger: silentLogger,
        mayDispatch: () => mine,
      },
      quick,
    );
    running.push(sender);
    await sender.start();
    expect(receiver.calls).toHaveLength(0);
    mine = true;
    await receiver.received(1);
    expect(receiver.calls).toHaveLength(1);
  });

  it('stops within its deadline though the receiver hangs, and leaves the delivery pending', async () => {
    receiver.answers.push('hang');
    const sender = dispatcher();
    await sender.start();
    await service(sender).accept([finding(0)]);
    await receiver.received(1);
    await sender.stop(20);
    await sender.stop(20);
    expect([...repository.outbox.values()].map((delivery) => delivery.state)).toEqual(['pending']);
  });

  it('may be stopped before it was started', async () => {
    await expect(dispatcher().stop(10)).resolves.toBeUndefined();
  });
});
