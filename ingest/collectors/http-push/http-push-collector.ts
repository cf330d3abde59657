import type { CollectorDeps } from '../collector-deps.js';
import { createHttpReceiver, type HttpReceiver, type HttpReceiverConfig } from '../http/http-receiver.js';
import type { HttpPushConfig } from './config.js';
import { pushRoutes, type PushInput } from './push-routes.js';

/** A receiver that serves only HTTP push; `createHttpReceiver` mounts several kinds on one port. */
export function createHttpPushCollector(
  config: { readonly receiver: HttpReceiverConfig; readonly push: HttpPushConfig },
  inputs: readonly PushInput[],
  deps: CollectorDeps,
): HttpReceiver {
  const plugin = pushRoutes(config.push, inputs, deps);
  return createHttpReceiver(config.receiver, [{ plugin, open: false }], deps.logger);
}
