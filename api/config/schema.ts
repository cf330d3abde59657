import { z } from 'zod';
import { detectorsOptionsSchema } from '../../detectors/registry.js';
import { settingTestsSchema } from '../../detectors/worker/setting-tests/setting-test-schema.js';
import { rulesOptionsSchema } from '../../detectors/worker/rules/rule-duty.js';
import { durationMs } from './duration.js';
import { suppressionEntry } from '../schemas/suppressions.js';
import { kafkaConnection } from './kafka-schema.js';
import { networksSchema } from './networks-schema.js';
import { inputSchema, port, receiversSchema, sha256 } from './input-schema.js';

/**
 * The one configuration file, as the operator writes it. Defaults live here and nowhere else; unknown keys are
 * refused. Secrets are named by file or by `${ENV}` reference, so that the file itself can be kept in version control.
 */
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, dot, dash, underscore; at most 64');

const log = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('embedded'),
    partitions: z.number().int().min(1).max(64).default(4),
    principal_partitions: z.number().int().min(1).max(64).default(2),
  }),
  z.strictObject({
    kind: z.literal('kafka'),
    ...kafkaConnection,
    group_id: z.string().default('tourniquet-worker'),
    partitions: z.number().int().min(1).max(1024).default(12),
    principal_partitions: z.number().int().min(1).max(1024).default(6),
    replication_factor: z.number().int().min(1).max(7).default(3),
    retention: durationMs.default(7 * 86_400_000),
    compression: z.enum(['none', 'gzip']).default('gzip'),
    /** Of the topic of events; both are read, whatever is written. */
    record_format: z.enum(['packed', 'json']).default('packed'),
  }),
]);

const days = z.union([z.int().min(1).max(36_500), z.literal('forever')], 'days, 1 to 36500, or forever').optional();
/** A class that is not named keeps what its tables have: for ever, unless it was set before. */
const retention = z.strictObject({ events_days: days, rollups_days: days, findings_days: days }).default({});

const store = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('embedded'), retention }),
  z.strictObject({
    kind: z.literal('clickhouse'),
    url: z.url({ protocol: /^https?$/ }),
    database: z
      .string()
      .regex(/^[A-Za-z_]\w{0,62}$/)
      .default('tourniquet'),
    username: z.string().default('default'),
    password_file: z.string().optional(),
    cluster: z.string().optional(),
    /** User for the statements of analysts; without it `username` runs them, with readonly sent. */
    analyst: z.strictObject({ username: z.string(), password_file: z.string().optional() }).optional(),
    retention,
  }),
]);

const source = z.strictObject({
  name,
  product: z.string(),
  instance: z.string().max(256).optional(),
  /** File of the mapping, for product `generic`. */
  mapping: z.string().min(1).optional(),
  options: z.record(z.string(), z.unknown()).default({}),
  /** Added to the times of its events: what corrects a clock that `sources stats` shows to be off. */
  clock_offset: z
    .string()
    .regex(/^[+-]?\d+(ms|s|m|h)$/, 'a duration such as -2s, +1h or 250ms')
    .transform((text) => {
      const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
      const match = /^([+-]?\d+)(ms|s|m|h)$/.exec(text);
      return Number(match?.[1] ?? 0) * units[(match?.[2] ?? 'ms') as keyof typeof units];
    })
    .optional(),
  routes: z
    .strictObject({
      patterns: z.array(z.string().min(1)).max(2000).default([]),
      openapi: z
        .union(
          [
            z
              .string()
              .min(1)
              .transform((file) => [file]),
            z.array(z.string().min(1)).max(16),
          ],
          'a file or a list of files',
        )
        .default([]),
    })
    .optional(),
  input: inputSchema.optional(),
});

const destinationCommon = {
  name,
  /** False leaves out the alerts of `tourniquet drill`. */
  drills: z.boolean().default(true),
  severity_min: z.enum(['info', 'low', 'medium', 'high', 'critical']).default('medium'),
};

const destination = z.discriminatedUnion('kind', [
  z.strictObject({
    ...destinationCommon,
    kind: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }),
    secret_file: z.string(),
    /** `ocsf`: the body is a Detection Finding of OCSF. */
    format: z.enum(['tourniquet', 'ocsf']).default('tourniquet'),
  }),
  z.strictObject({
    ...destinationCommon,
    kind: z.literal('pagerduty'),
    routing_key_file: z.string(),
    url: z.url({ protocol: /^https?$/ }).default('https://events.pagerduty.com/v2/enqueue'),
  }),
  z.strictObject({ ...destinationCommon, kind: z.literal('slack'), url_file: z.string() }),
]);

const role = z.enum(['viewer', 'analyst', 'responder', 'ingest', 'admin']);

export const configSchema = z.strictObject({
  data_dir: z.string().min(1).default('./.tourniquet'),
  log: log.default({ kind: 'embedded', partitions: 4, principal_partitions: 2 }),
  store: store.default({ kind: 'embedded', retention: {} }),
  fingerprint: z.strictObject({ key_file: z.string().optional() }).default({}),
  sources: z.array(source).default([]),
  receivers: receiversSchema,
  enrich: z
    .strictObject({
      geo: z
        .strictObject({ enabled: z.boolean().default(true), databases: z.array(z.string().min(1)).max(8).default([]) })
        .prefault({}),
      networks: networksSchema,
    })
    .prefault({}),
  worker: z
    .strictObject({
      allowed_lateness: durationMs.default(1000),
      block_rows_max: z.number().int().min(1).max(1_000_000).default(50_000),
      block_tokens_max: z.number().int().min(1).max(1_000_000).default(10_000),
      block_age_max: durationMs.default(1000),
      checkpoint_interval: durationMs.default(30_000),
      keys_max: z.number().int().min(1000).max(10_000_000).default(120_000),
    })
    .prefault({}),
  detectors: detectorsOptionsSchema.extend({ tests: settingTestsSchema }).prefault({}),
  rules: rulesOptionsSchema.prefault({}),
  api: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(8420),
      base_url: z.url().optional(),
      anonymous_role: role.nullable().default('viewer'),
      keys: z.array(z.strictObject({ name, role, sha256 })).default([]),
    })
    .prefault({}),
  sql: z
    .strictObject({
      rows_max: z.number().int().min(1).max(1_000_000).default(100_000),
      bytes_max: z
        .number()
        .int()
        .min(1024)
        .max(1 << 28)
        .default(32 << 20),
      timeout: durationMs.default(30_000),
      memory_bytes_max: z
        .number()
        .int()
        .min(1 << 24)
        .default(512 << 20),
      rows_read_max: z.number().int().min(1).default(1_000_000_000),
      concurrency: z.number().int().min(1).max(64).default(2),
    })
    .prefault({}),
  alerts: z
    .strictObject({
      episode_gap: durationMs.default(4 * 3_600_000),
      risk: z
        .strictObject({
          threshold: z.number().min(1).max(100_000).default(100),
          half_life: durationMs.default(86_400_000),
        })
        .prefault({}),
      suppressions: z.array(suppressionEntry).max(1000).default([]),
      destinations: z.array(destination).default([]),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      otlp_endpoint: z.url().optional(),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type SourceConfig = Config['sources'][number];
