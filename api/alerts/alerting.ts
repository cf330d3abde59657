import type { Clock } from '../../ingest/core/clock.js';
import type { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { EventWriter, Querier } from '../../ingest/store/store.js';
import type { SuppressionRegistry } from '../suppressions/suppression-registry.js';
import { AlertService } from './alert-service.js';
import { DeliveryDispatcher, type DispatcherOptions } from './dispatcher.js';
import type { Notice } from './grouping.js';
import type { Destination } from './notifiers/notifier.js';
import { defaultPolicy, type AlertPolicy } from './policy.js';
import { createAlertRepository, createDeliveryRepository } from './store-repository.js';

export interface AlertingDeps {
  readonly querier: Querier;
  readonly writer: EventWriter;
  readonly destinations: readonly Destination[];
  /** Where people reach the API, without a trailing slash. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly health?: HealthRegistry;
  readonly policy?: AlertPolicy;
  /** What findings raise nothing; none unless told. */
  readonly suppressions?: Pick<SuppressionRegistry, 'heard'>;
  readonly dispatcher?: DispatcherOptions;
  /** Whether this process sends; default yes. */
  readonly mayDispatch?: () => boolean;
  /** Told of each change once it is durable. */
  readonly onNotice?: (notice: Notice) => void;
}

export interface Alerting {
  readonly service: AlertService;
  /** Sends nothing until started; what is owed meanwhile waits in the outbox. */
  readonly dispatcher: DeliveryDispatcher;
}

/** Puts grouping, outbox and dispatcher together over one store. */
export function createAlerting(deps: AlertingDeps): Alerting {
  const { querier, writer, destinations, baseUrl, clock, random, logger, health, mayDispatch, onNotice } = deps;
  const deliveries = createDeliveryRepository(querier, writer);
  const dispatcher = new DeliveryDispatcher(
    {
      deliveries,
      destinations,
      clock,
      random,
      logger,
      ...(health === undefined ? {} : { health }),
      ...(mayDispatch === undefined ? {} : { mayDispatch }),
    },
    deps.dispatcher,
  );
  const service = new AlertService({
    alerts: createAlertRepository(querier, writer),
    deliveries,
    destinations,
    policy: deps.policy ?? defaultPolicy,
    ...(deps.suppressions === undefined ? {} : { suppressions: deps.suppressions }),
    baseUrl,
    clock,
    enqueue: (owed) => dispatcher.enqueue(owed),
    ...(onNotice === undefined ? {} : { onNotice }),
  });
  return { service, dispatcher };
}
