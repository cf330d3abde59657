import { join } from 'node:path';
import type { FastifyPluginAsync } from 'fastify';
import type { AlsInput } from '../../ingest/collectors/als/als-service.js';
import type { CollectorDeps } from '../../ingest/collectors/collector-deps.js';
import { fileTailConfigSchema } from '../../ingest/collectors/file-tail/config.js';
import { createFileTailCollector } from '../../ingest/collectors/file-tail/file-tail-collector.js';
import type { GrpcReceiver } from '../../ingest/collectors/grpc/grpc-receiver.js';
import type { HttpReceiver, ReceiverRoutes } from '../../ingest/collectors/http/http-receiver.js';
import { createHttpReceiver, httpReceiverConfigSchema } from '../../ingest/collectors/http/http-receiver.js';
import { httpPushConfigSchema } from '../../ingest/collectors/http-push/config.js';
import type { PushInput } from '../../ingest/collectors/http-push/push-routes.js';
import { pushRoutes } from '../../ingest/collectors/http-push/push-routes.js';
import { otlpHttpConfigSchema } from '../../ingest/collectors/otlp-http/config.js';
import { otlpRoutes } from '../../ingest/collectors/otlp-http/otlp-routes.js';
import type { OtlpInput } from '../../ingest/collectors/otlp/otlp-records.js';
import { isOpenRule } from '../../ingest/collectors/peer/caller-rule.js';
import { createStdinCollector, stdinConfigSchema } from '../../ingest/collectors/stdin/stdin-collector.js';

import { type WebhookInput, webhookRoutes } from '../../ingest/collectors/webhook/webhook-routes.js';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';
import type { EventLog } from '../../ingest/log/event-log.js';
import { openCheckpointStore } from '../../ingest/pipeline/checkpoint-store.js';
import type { CountsListener } from '../../ingest/pipeline/record-tally.js';
import { openFingerprinter } from './fingerprint-keys.js';
import { callerRule, startGrpc } from './grpc-inputs.js';
import type { Surroundings } from './open-parts.js';
import { openEnricher, openSink } from './open-parts.js';
import { bindingOf } from './source-by-name.js';
import { readServerTls } from './server-tls.js';
import { startPoll } from './poll-inputs.js';
import { startPubSub } from './pubsub-input.js';
import { startS3 } from './s3-input.js';
import { startKafkaTopic } from './kafka-input.js';
import { startSyslog, type SyslogSource } from './syslog-inputs.js';
import { webhookInput } from './webhook-inputs.js';

/** What the collectors of this process listen on, for the API to mount and for the terminal to say. */
export interface Collecting {
  readonly push: FastifyPluginAsync | undefined;
  readonly receiver: HttpReceiver | undefined;
  readonly grpc: GrpcReceiver | undefined;
  readonly syslog: readonly string[];
  readonly tails: number;
}

/** Starts every configured input; they hand over to the log and stop before it does. */
export async function startCollectors(s: Surroundings, log: EventLog): Promise<Collecting> {
  const { config, clock, logger, random, lifecycle } = s;
  const writer = await lifecycle.start(log.writer());
  const checkpoints = await openCheckpointStore(join(config.data_dir, 'checkpoints', 'files.json'), { clock, logger });
  await lifecycle.start({ name: 'checkpoints', start: () => Promise.resolve(), stop: () => checkpoints.close() });
  const deps: CollectorDeps = {
    sink: openSink(s, writer),
    fingerprinter: openFingerprinter(config),
    enricher: await openEnricher(s),
    clock,
    logger,
    random,
    onCounts: countInto(createMetrics()),
  };
  let tails = 0;
  const pushed: PushInput[] = [];
  const otlp: OtlpInput[] = [];
  const otlpGrpc: OtlpInput[] = [];
  const als: AlsInput[] = [];
  const syslog: SyslogSource[] = [];
  const webhooks: WebhookInput[] = [];
  for (const source of config.sources) {
    const { input } = source;
    if (input === undefined) continue;
    if (input.kind === 'file') {
      const tail = fileTailConfigSchema.parse({ paths: input.paths });
      await lifecycle.start(createFileTailCollector(tail, { ...deps, binding: bindingOf(source), checkpoints }));
      tails += 1;
    } else if (input.kind === 'stdin') {
      const stdin = { ...deps, binding: bindingOf(source), input: s.stdin(), health: s.health };
      await lifecycle.start(createStdinCollector(stdinConfigSchema.parse({}), stdin));
    } else if (input.kind === 'http') {
      pushed.push({ ...bindingOf(source), name: source.name, apiKeySha256: input.api_key_sha256 });
    } else if (input.kind === 'webhook') {
      webhooks.push(webhookInput(source, input));
    } else if (input.kind === 's3') {
      await startS3(s, source.name, input, { ...deps, binding: bindingOf(source), checkpoints });
    } else if (input.kind === 'poll') {
      await startPoll(s, source, input, deps);
    } else if (input.kind === 'pubsub') {
      await startPubSub(s, source, input, deps);
    } else if (input.kind === 'kafka') {
      await startKafkaTopic(s, input, { ...deps, binding: bindingOf(source), name: source.name });
    } else if (input.kind === 'syslog') {
      syslog.push({ name: source.name, binding: bindingOf(source), input });
    } else if (input.kind === 'als') {
      als.push({
        ...bindingOf(source),
        name: source.name,
        ...(input.log_name === undefined ? {} : { logName: input.log_name }),
        ...callerRule(input),
      });
    } else {
      const entry = {
        ...bindingOf(source),
        name: source.name,
        ...(input.service_name === undefined ? {} : { serviceName: input.service_name }),
        ...callerRule(input),
      };
      if (input.protocols.includes('http')) otlp.push(entry);
      if (input.protocols.includes('grpc')) otlpGrpc.push(entry);
    }
  }
  const push = pushed.length === 0 ? undefined : pushRoutes(httpPushConfigSchema.parse({}), pushed, deps);
  const routes: ReceiverRoutes[] = [];
  if (push !== undefined) routes.push({ plugin: push, open: false });
  if (otlp.length > 0) {
    routes.push({
      plugin: otlpRoutes(otlpHttpConfigSchema.parse({}), otlp, deps),
      open: otlp.some(isOpenRule),
    });
  }
  if (webhooks.length > 0)
    routes.push({ plugin: webhookRoutes(httpPushConfigSchema.parse({}), webhooks, deps), open: false });
  const { host, port, body_bytes_max } = config.receivers;
  const http = httpReceiverConfigSchema.parse({ host, port, body_bytes_max });
  const receiver =
    routes.length === 0
      ? undefined
      : await lifecycle.start(createHttpReceiver(http, routes, logger, readServerTls(config.receivers.tls)));
  const listeners = await startSyslog(s, syslog, deps);
  return { push, receiver, syslog: listeners, grpc: await startGrpc(s, { als, otlp: otlpGrpc }, deps), tails };
}

function countInto(metrics: ReturnType<typeof createMetrics>): CountsListener {
  return (product, _instance, counts) => {
    metrics.count('tourniquet.ingest.records', counts.ok, { product, outcome: 'ok' });
    metrics.count('tourniquet.ingest.events', counts.events, { product });
    for (const [reason, n] of Object.entries(counts.drop)) {
      if (n > 0) metrics.count('tourniquet.ingest.dropped', n, { product, reason });
    }
    for (const [reason, n] of Object.entries(counts.dlq)) {
      if (n > 0) metrics.count('tourniquet.ingest.dead_letters', n, { step: 'parse', reason });
    }
  };
}
