import { z } from 'zod';
import { filePattern } from '../../ingest/collectors/file-tail/config.js';
import { kafkaTopicConfigSchema } from '../../ingest/collectors/kafka-topic/kafka-topic-collector.js';
import { kafkaConnection } from './kafka-schema.js';
import { pollInput } from './poll-schema.js';
import { pubSubInput } from './pubsub-schema.js';
import { s3Input } from './s3-schema.js';
import { hasOneSecret, oneSecretFault, secretKeys } from './secret-schema.js';
import { syslogConfigSchema } from '../../ingest/collectors/syslog/config.js';
import { isAddressRange } from '../../ingest/core/address-ranges.js';
import { grpcReceiverConfigSchema } from '../../ingest/collectors/grpc/config.js';

/** Where records come from, and what listens for them. */
export const port = z.number().int().min(0).max(65535);

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'the lower-case hex SHA-256 of the key (tourniquet keygen --api prints it)');

/** Certificate and key of a receiver; with `client_ca_file` it asks every client for a certificate. */
const serverTls = z.strictObject({
  cert_file: z.string().min(1),
  key_file: z.string().min(1),
  client_ca_file: z.string().min(1).optional(),
});

/** Names in client certificates; needs `client_ca_file` at the receiver. */
const peers = z.array(z.string().min(1).max(512)).min(1).max(256).optional();

export const inputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), paths: z.array(filePattern).min(1) }),
  z.strictObject({ kind: z.literal('http'), api_key_sha256: sha256 }),
  z.strictObject({
    kind: z.literal('otlp'),
    /** `http` is OTLP/HTTP on `receivers`, `grpc` OTLP/gRPC on `receivers.grpc`. */
    protocols: z
      .array(z.enum(['http', 'grpc']))
      .min(1)
      .default(['http']),
    api_key_sha256: sha256.optional(),
    service_name: z.string().optional(),
    peers,
  }),
  z.strictObject({
    kind: z.literal('als'),
    log_name: z.string().min(1).max(256).optional(),
    api_key_sha256: sha256.optional(),
    peers,
  }),
  z
    .strictObject({
      kind: z.literal('syslog'),
      protocol: z.enum(['udp', 'tcp', 'tls', 'unix']),
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(5514),
      /** Of a unix stream socket. */
      path: z.string().min(1).max(100).optional(),
      /** APP-NAME or TAG; sources that share a listener are told apart by it. */
      app_names: z.array(z.string().min(1).max(64)).min(1).optional(),
      allow: z
        .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
        .min(1)
        .max(256)
        .optional(),
      peers,
    })
    .refine(({ protocol, path }) => (protocol === 'unix') === (path !== undefined), {
      message: 'path belongs to protocol unix, which needs it',
      path: ['path'],
    }),
  z.strictObject({
    kind: z.literal('kafka'),
    ...kafkaConnection,
    ...kafkaTopicConfigSchema.omit({ record_bytes_max: true }).shape,
  }),
  z
    .strictObject({
      kind: z.literal('webhook'),
      /** How the sender shows who it is; default: what the product's maker documents. */
      verify: z.enum(['header', 'hmac_sha256']).optional(),
      /** Where; default: the product's. */
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header')
        .transform((text) => text.toLowerCase())
        .optional(),
      ...secretKeys,
    })
    .refine(hasOneSecret, oneSecretFault),
  pollInput,
  s3Input,
  pubSubInput,
  z.strictObject({ kind: z.literal('stdin') }),
]);

/** What a source can read from. */
export const inputKinds = inputSchema.options.map((option) => option.shape.kind.value);

export const receiversSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: port.default(4318),
    body_bytes_max: z
      .number()
      .int()
      .min(1024)
      .max(1 << 28)
      .default(16 << 20),
    tls: serverTls.optional(),
    syslog: syslogConfigSchema.extend({ tls: serverTls.optional() }).prefault({}),
    grpc: grpcReceiverConfigSchema.extend({ tls: serverTls.optional() }).prefault({}),
  })
  .prefault({});

export type ServerTlsFiles = z.output<typeof serverTls>;
export type WebhookInputConfig = Extract<z.output<typeof inputSchema>, { kind: 'webhook' }>;
export type SyslogInputConfig = Extract<z.output<typeof inputSchema>, { kind: 'syslog' }>;
export type KafkaInputConfig = Extract<z.output<typeof inputSchema>, { kind: 'kafka' }>;
