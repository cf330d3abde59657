import { createRequire } from 'node:module';
import type { ConnectionOptions } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip, gzip, type ZlibOptions } from 'node:zlib';
import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions, type logCreator } from 'kafkajs';
import type { Logger } from '../../core/logger.js';

/** kafkajs is CommonJS; its names are taken from the default export. */
const { Kafka: KafkaClass, CompressionCodecs, CompressionTypes, logLevel } = kafkajs;

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaLogOptions {
  /** host:port of one or more brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly compression?: 'none' | 'gzip';
  /** TLS as node:tls takes it; true for the system's certificate authorities. */
  readonly tls?: ConnectionOptions | boolean;
  readonly sasl?: KafkaSasl;
  /** Longest value that `append` takes, bytes; new topics are made to take it. Default 8 MiB. */
  readonly recordBytesMax?: number;
  /** Without a heartbeat for this long a reader loses its partitions, milliseconds. Default 30 s. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds; default 10 s. */
  readonly connectionTimeoutMs?: number;
}

export interface KafkaLogDeps {
  readonly logger: Logger;
  /** A number in [0, 1) that spreads retries. */
  readonly random: () => number;
}

export const defaultRecordBytesMax = 8 << 20;

/** What is left to kafkajs to repeat; beyond it we answer "not available" and the caller, or a reader, tries again. */
export const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5, factor: 0.2, multiplier: 2 } as const;

export function createKafka(options: KafkaLogOptions, logger: Logger): Kafka {
  useFastGzip();
  quietRequestQueue();
  const config: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectionTimeoutMs ?? 10_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry,
    logLevel: logLevel.INFO,
    logCreator: bridge(logger),
  };
  if (options.tls !== undefined) config.ssl = options.tls;
  if (options.sasl !== undefined) config.sasl = saslOf(options.sasl);
  return new KafkaClass(config);
}

/** One arm for each mechanism, because kafkajs's type ties the mechanism to its credentials. */
function saslOf({ mechanism, username, password }: KafkaSasl): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

/**
 * kafkajs speaks of every lost connection and every retry at level error, and of joins at info. The parts that use it
 * report what matters, so its own words come one level down.
 */
function bridge(logger: Logger): logCreator {
  return () =>
    ({ namespace, level, log }) => {
      // Time and stack are left out: the logger has its own clock, and the stack is kafkajs's.
      const fields = { ...log, kafkajs: namespace, timestamp: undefined, stack: undefined };
      if (level === logLevel.ERROR) logger.warn(fields, log.message);
      else logger.debug(fields, log.message);
    };
}

const compress = promisify<Buffer, ZlibOptions, Buffer>(gzip);
const decompress = promisify<Buffer, ZlibOptions, Buffer>(gunzip);
const GZIP_LEVEL = 1;
/** Each piece of the result is a turn of the thread pool, so there should be one; zlib's own 16 KiB cost a third more. */
const PIECE_BYTES = { min: 1 << 10, max: 1 << 20 } as const;

const pieceOf = (bytes: number): number => Math.min(Math.max(bytes, PIECE_BYTES.min), PIECE_BYTES.max);

/** RFC 1952 §2.3.1 ISIZE: how long the data were, modulo 2^32; a hint, since anybody may have written it. */
const unpackedBytes = (packed: Buffer): number => (packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4));

/** NDJSON loses little at level 1, and level 6, kafkajs's choice, costs a collector three times the processor time. */
function useFastGzip(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) =>
      compress(buffer, { level: GZIP_LEVEL, chunkSize: pieceOf(buffer.length >> 1) }),
    decompress: (buffer: Buffer) => decompress(buffer, { chunkSize: pieceOf(unpackedBytes(buffer) + 1) }),
  });
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

let queueIsQuiet = false;

/**
 * After every answer kafkajs 2.2.4 sets a timer with a negative delay to look at requests that wait, also when none
 * does; Node 24 warns about it (tulios/kafkajs#1751). Without waiting requests there is nothing to look at.
 */
function quietRequestQueue(): void {
  if (queueIsQuiet) return;
  queueIsQuiet = true;
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) original.call(this);
  };
}
