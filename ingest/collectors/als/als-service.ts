import { sha256Hex } from '../../core/sha256.js';
import type { ServerReadableStream, ServiceDefinition } from '@grpc/grpc-js';
import { z } from 'zod';
import { AppError, describeError } from '../../core/errors.js';
import { deliver } from '../../pipeline/delivery.js';
import { parseRecords, type RawRecord, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';
import { callerOf } from '../grpc/grpc-callers.js';
import { grpcFault } from '../grpc/grpc-fault.js';
import type { GrpcService } from '../grpc/grpc-receiver.js';
import { inputsForCaller, isOpenRule, type CallerRule } from '../peer/caller-rule.js';
import { countStrays, strayLetters } from '../stray-records.js';
import { decodeMessage, entryTexts, type AlsIdentifier, type AlsMessage } from './als-messages.js';

export const alsConfigSchema = z.strictObject({
  record_bytes_max: z.int().min(1_024).max(67_108_864).default(262_144).describe('Longer entries become dead letters.'),
  messages_in_flight: z
    .int()
    .min(1)
    .max(1_000)
    .default(8)
    .describe('Messages of one stream that may wait for the log; then the stream is not read, and Envoy feels it.'),
  drain_ms: z
    .int()
    .min(0)
    .max(10_000)
    .default(200)
    .describe('How long a stream must be silent at the stop before it is ended, milliseconds.'),
});

export type AlsConfig = z.output<typeof alsConfigSchema>;

/** A source that takes Envoy's gRPC access logs. */
export interface AlsInput extends SourceBinding, CallerRule {
  readonly name: string;
  /** `log_name` of Envoy's configuration; without one the source takes what no other source names. */
  readonly logName?: string;
}

const strayRule = {
  transport: 'als',
  message: 'No source is configured for the log_name of this access log stream.',
  mend: 'Set log_name of a source with input als to the log_name of Envoy’s access log.',
};

type Stream = ServerReadableStream<AlsMessage | Error, Buffer>;
type Answer = (error: ReturnType<typeof grpcFault> | null, value?: Buffer) => void;

const definition: ServiceDefinition = {
  StreamAccessLogs: {
    path: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
    requestStream: true,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    // A fault is handed on as a value: thrown here, gRPC would answer "internal" with the decoder's words.
    requestDeserialize: (bytes: Buffer): AlsMessage | Error => {
      try {
        return decodeMessage(bytes);
      } catch (cause) {
        return new AppError('TQ_REQUEST_INVALID', 'The message is no StreamAccessLogsMessage.', {
          mend: 'Use envoy.access_loggers.http_grpc or tcp_grpc with transport_api_version V3.',
          cause,
        });
      }
    },
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/**
 * `envoy.service.accesslog.v3.AccessLogService`. The protocol has no acknowledgement: a stream is read no further than
 * the log keeps up, and the log being away is waited for, so that what is lost is lost, and counted, in Envoy's own
 * bounded buffer. Each entry is parsed as the record of a source, under a name made of its content, so that one that
 * Envoy sends again makes no second event.
 */
export function createAlsService(config: AlsConfig, inputs: readonly AlsInput[], deps: CollectorDeps): GrpcService {
  const service = new AlsService(config, inputs, deps);
  return {
    definition,
    implementation: {
      StreamAccessLogs: (call: Stream, answer: Answer) => {
        void service.serve(call, answer);
      },
    },
    open: inputs.some(isOpenRule),
    drain: (signal) => service.drain(signal),
  };
}

class AlsService {
  private readonly config: AlsConfig;
  private readonly inputs: readonly AlsInput[];
  private readonly deps: CollectorDeps;
  /** Aborted when the deadline of the stop is over. */
  private readonly lost = new AbortController();
  private readonly streams = new Set<AlsStream>();
  private readonly serving = new Set<Promise<void>>();
  private draining = false;

  constructor(config: AlsConfig, inputs: readonly AlsInput[], deps: CollectorDeps) {
    this.config = config;
    this.inputs = inputs;
    this.deps = deps;
  }

  async serve(call: Stream, answer: Answer): Promise<void> {
    const running = this.run(call, answer);
    this.serving.add(running);
    await running;
    this.serving.delete(running);
  }

  private async run(call: Stream, answer: Answer): Promise<void> {
    try {
      const allowed = inputsForCaller(this.inputs, callerOf(call));
      if (this.draining) throw new AppError('TQ_UNAVAILABLE', 'The collector is stopping.', { retryable: true });
      const stream = new AlsStream(call, allowed, this.config, this.deps, this.lost.signal);
      this.streams.add(stream);
      try {
        await stream.read();
      } finally {
        this.streams.delete(stream);
      }
      answer(null, Buffer.alloc(0));
    } catch (error) {
      const fault = grpcFault(error);
      this.deps.logger.warn({ code: fault.code, error: describeError(fault) }, 'an access log stream was ended');
      answer(fault);
    }
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.draining = true;
    signal.addEventListener('abort', () => this.lost.abort(), { once: true });
    for (const stream of this.streams) stream.endSoon();
    await Promise.all(this.serving);
  }
}

class AlsStream {
  private readonly call: Stream;
  private readonly inputs: readonly AlsInput[];
  private readonly config: AlsConfig;
  private readonly deps: CollectorDeps;
  private readonly signal: AbortSignal;
  private identifier: AlsIdentifier = {};
  private readonly waiting = new Set<Promise<void>>();
  private failure: Error | undefined;
  private ending = false;
  private silence: NodeJS.Timeout | undefined;

  constructor(call: Stream, inputs: readonly AlsInput[], config: AlsConfig, deps: CollectorDeps, signal: AbortSignal) {
    this.call = call;
    this.inputs = inputs;
    this.config = config;
    this.deps = deps;
    this.signal = signal;
  }

  /** Resolves when the client has ended the stream, or we have, and all of it is durable. */
  async read(): Promise<void> {
    try {
      for await (const message of this.call as AsyncIterable<AlsMessage | Error>) {
        if (message instanceof Error) throw message;
        if (message.identifier !== undefined) this.identifier = message.identifier;
        this.waitForSilence();
        this.hand(message);
        while (this.waiting.size >= this.config.messages_in_flight) await Promise.race(this.waiting);
        if (this.failure !== undefined) break;
      }
    } catch (error) {
      // A client that is gone has sent what it has sent.
      if (error instanceof AppError) this.failure ??= error;
      else this.deps.logger.debug({}, 'an access log stream broke off');
    } finally {
      clearTimeout(this.silence);
    }
    await Promise.all(this.waiting);
    if (this.failure !== undefined) throw this.failure;
  }

  /** Ends the stream at the first silence: the client opens another one elsewhere, and nothing received is left out. */
  endSoon(): void {
    this.ending = true;
    this.waitForSilence();
    this.signal.addEventListener('abort', () => this.call.destroy(), { once: true });
  }

  private waitForSilence(): void {
    if (!this.ending) return;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.call.destroy(), this.config.drain_ms);
  }

  private hand(message: AlsMessage): void {
    const work = this.take(message)
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.waiting.delete(work));
    this.waiting.add(work);
  }

  private async take(message: AlsMessage): Promise<void> {
    const texts = entryTexts(message, this.identifier);
    if (texts.length === 0) return;
    const input = this.chooseInput();
    const records = texts.map((text) => ({
      text,
      offset: 0,
      container: sha256Hex(text).slice(0, 40),
      truncated: Buffer.byteLength(text) > this.config.record_bytes_max,
    }));
    if (input === undefined) {
      await this.refuseStrays(records);
      return;
    }
    const batch = parseRecords(input, records, 'als', this.deps);
    await deliver(batch, this.deps, { signal: this.signal });
    this.deps.onCounts?.(input.source.product, input.instance, batch.counts);
  }

  private chooseInput(): AlsInput | undefined {
    const { log_name: logName = '' } = this.identifier;
    const named = this.inputs.find((input) => input.logName !== undefined && input.logName === logName);
    if (named !== undefined) return named;
    const [only, ...others] = this.inputs.filter((input) => input.logName === undefined);
    return others.length === 0 ? only : undefined;
  }

  private async refuseStrays(records: readonly RawRecord[]): Promise<void> {
    const strays = records.map(({ text, offset, container = 'als' }) => ({ text, offset, container }));
    const letters = strayLetters(strays, strayRule, this.deps.clock.nowMs());
    await deliver({ events: [], letters }, this.deps, { signal: this.signal });
    countStrays(letters, strayRule, this.deps.onCounts);
  }
}
