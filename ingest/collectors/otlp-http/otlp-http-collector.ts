import type { CollectorDeps } from '../collector-deps.js';
import { isOpenRule } from '../peer/caller-rule.js';
import { createHttpReceiver, type HttpReceiver, type HttpReceiverConfig } from '../http/http-receiver.js';
import type { OtlpHttpConfig } from './config.js';
import type { OtlpInput } from '../otlp/otlp-records.js';
import { otlpRoutes } from './otlp-routes.js';

/** A receiver that serves only OTLP/HTTP logs; `createHttpReceiver` mounts several kinds on one port. */
export function createOtlpHttpCollector(
  config: { readonly receiver: HttpReceiverConfig; readonly otlp: OtlpHttpConfig },
  inputs: readonly OtlpInput[],
  deps: CollectorDeps,
): HttpReceiver {
  const plugin = otlpRoutes(config.otlp, inputs, deps);
  const open = inputs.some(isOpenRule);
  return createHttpReceiver(config.receiver, [{ plugin, open }], deps.logger);
}
