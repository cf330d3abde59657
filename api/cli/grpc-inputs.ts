import type { AlsInput } from '../../ingest/collectors/als/als-service.js';
import type { CollectorDeps } from '../../ingest/collectors/collector-deps.js';
import type { GrpcReceiver } from '../../ingest/collectors/grpc/grpc-receiver.js';
import { otlpHttpConfigSchema } from '../../ingest/collectors/otlp-http/config.js';
import type { OtlpInput } from '../../ingest/collectors/otlp/otlp-records.js';
import type { CallerRule } from '../../ingest/collectors/peer/caller-rule.js';
import type { Surroundings } from './open-parts.js';
import { readServerTls } from './server-tls.js';

/** What the configuration asks of senders, without the keys that it leaves out. */
export function callerRule(input: {
  readonly api_key_sha256?: string | undefined;
  readonly peers?: readonly string[] | undefined;
}): CallerRule {
  return {
    ...(input.api_key_sha256 === undefined ? {} : { apiKeySha256: input.api_key_sha256 }),
    ...(input.peers === undefined ? {} : { peers: input.peers }),
  };
}

/** Starts the gRPC receiver when an input needs it. gRPC takes a while to load, so only then. */
export async function startGrpc(
  s: Surroundings,
  inputs: { readonly als: readonly AlsInput[]; readonly otlp: readonly OtlpInput[] },
  deps: CollectorDeps,
): Promise<GrpcReceiver | undefined> {
  const { als, otlp } = inputs;
  if (als.length === 0 && otlp.length === 0) return undefined;
  const [{ createGrpcReceiver }, { alsConfigSchema, createAlsService }, { createOtlpGrpcService }] = await Promise.all([
    import('../../ingest/collectors/grpc/grpc-receiver.js'),
    import('../../ingest/collectors/als/als-service.js'),
    import('../../ingest/collectors/otlp-grpc/otlp-grpc-service.js'),
  ]);
  const { tls, ...config } = s.config.receivers.grpc;
  const services = [
    ...(als.length === 0 ? [] : [createAlsService(alsConfigSchema.parse({}), als, deps)]),
    ...(otlp.length === 0 ? [] : [createOtlpGrpcService(otlpHttpConfigSchema.parse({}), otlp, deps)]),
  ];
  return s.lifecycle.start(createGrpcReceiver(config, readServerTls(tls), services, s.logger));
}
