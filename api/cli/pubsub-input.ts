import type { CollectorDeps } from '../../ingest/collectors/collector-deps.js';
import type { Subscription } from '../../ingest/collectors/pubsub/subscription.js';
import type { Clock } from '../../ingest/core/clock.js';
import { AppError } from '../../ingest/core/errors.js';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';
import type { PubSubInputConfig, SubscriptionConfig } from '../config/pubsub-schema.js';
import type { SourceConfig } from '../config/schema.js';
import { readGoogleKey } from './google-key.js';
import type { Surroundings } from './open-parts.js';
import { bindingOf } from './source-by-name.js';

export async function subscriptionOf(config: SubscriptionConfig, clock: Clock): Promise<Subscription> {
  const { Subscription } = await import('../../ingest/collectors/pubsub/subscription.js');
  return new Subscription({ url: config.url, name: config.subscription, key: readGoogleKey(config) }, clock);
}

/** Starts the reader of a subscription. */
export async function startPubSub(
  s: Surroundings,
  source: SourceConfig,
  input: PubSubInputConfig,
  deps: CollectorDeps,
): Promise<void> {
  const { createPubSubCollector, pubSubConfigSchema } =
    await import('../../ingest/collectors/pubsub/pubsub-collector.js');
  const config = pubSubConfigSchema.parse({ max_messages: input.max_messages });
  const metrics = createMetrics();
  await s.lifecycle.start(
    createPubSubCollector(config, await subscriptionOf(input, s.clock), {
      ...deps,
      binding: bindingOf(source),
      health: s.health,
      name: source.name,
      onPoll: (product, outcome) => metrics.count('tourniquet.ingest.polls', 1, { product, outcome }),
    }),
  );
}

/** Whether the account may read the subscription, for `doctor`; a pull would keep its messages from others. */
export async function trySubscription(config: SubscriptionConfig, clock: Clock): Promise<string> {
  const subscription = await subscriptionOf(config, clock);
  if (await subscription.mayConsume(AbortSignal.timeout(20_000))) return `${config.subscription} may be read`;
  throw new AppError('TQ_SOURCE_REFUSED', `${config.subscription} is not there, or this account may not read it.`, {
    mend: 'Check its name, and give the service account the role Pub/Sub Subscriber on it.',
  });
}
