import type { EventEnricher } from '../pipeline/record-parser.js';
import { ClientEnricher } from './client-enricher.js';
import { correctClock } from './correct-clock.js';
import type { GeoEnricher } from './geo/geo-enricher.js';
import type { NamedNetwork } from './networks/named-networks.js';
import { RouteLearner } from './routes/route-learner.js';
import { routeEvent } from './routes/route-enricher.js';

export interface EnricherOptions {
  readonly learner?: RouteLearner;
  /** Networks that the operator names. */
  readonly networks?: readonly NamedNetwork[];
}

/**
 * All that is added to an event between its parser and the log. One for a process: what routes a service has is learnt from
 * all sources together.
 */
export function createEventEnricher(
  geo: GeoEnricher | undefined,
  { learner = new RouteLearner(), networks = [] }: EnricherOptions = {},
): EventEnricher {
  const clients = new ClientEnricher(networks);
  return {
    enrich(parsed, { routes, clockOffsetMs = 0 }) {
      const event = correctClock(parsed, clockOffsetMs);
      const placed = geo === undefined ? event : geo.enrich(event);
      return routeEvent(clients.enrich(placed), routes, learner);
    },
  };
}
