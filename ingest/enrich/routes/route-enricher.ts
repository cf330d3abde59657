import type { TokenEvent } from '../../event/token-event.js';
import type { DeclaredRoutes } from './declared-routes.js';
import type { RouteLearner } from './route-learner.js';

/** Whether a service stood behind the path: what was answered without a complaint of the client or a refusal. */
function isAnswered({ target, outcome }: TokenEvent): boolean {
  const status = target?.status;
  return status === undefined || status < 100 ? outcome === 'success' : status < 400;
}

/**
 * Gives `target.route` its last form: the declared template where one fits the path, else the route that the source made,
 * bounded for its service.
 *
 * @param declared what the operator declared for the source of the event.
 */
export function routeEvent(event: TokenEvent, declared: DeclaredRoutes | undefined, learner: RouteLearner): TokenEvent {
  const { target } = event;
  if (target?.route === undefined) return event;
  const query = target.path?.indexOf('?') ?? -1;
  const path = query < 0 ? target.path : target.path?.slice(0, query);
  const template = path === undefined ? undefined : declared?.routeOf(path);
  const service = `${target.namespace ?? ''}/${target.service ?? target.address ?? ''}`;
  const route = template ?? learner.routeOf(service, target.route, isAnswered(event));
  return route === target.route ? event : { ...event, target: { ...target, route } };
}
