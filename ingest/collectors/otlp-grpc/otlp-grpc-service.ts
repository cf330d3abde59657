import type { ServerUnaryCall, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { sha256Hex } from '../../core/sha256.js';
import { InFlightBytes } from '../http/body.js';
import type { CollectorDeps } from '../collector-deps.js';
import { callerOf } from '../grpc/grpc-callers.js';
import { inputsForCaller, isOpenRule } from '../peer/caller-rule.js';
import { grpcFault } from '../grpc/grpc-fault.js';
import type { GrpcService } from '../grpc/grpc-receiver.js';
import { handRecords } from '../otlp/otlp-hand-over.js';
import { decodeRequest, encodeResponse } from '../otlp/otlp-messages.js';
import { recordsOf, type OtlpInput } from '../otlp/otlp-records.js';
import { AppError } from '../../core/errors.js';

export interface OtlpGrpcLimits {
  /** Longer records become dead letters. */
  readonly record_bytes_max: number;
  /** Bytes of requests that wait for the log; more are told to come again. */
  readonly in_flight_bytes_max: number;
}

type Call = ServerUnaryCall<Buffer, Buffer>;
type Answer = (error: ServiceError | null, value?: Buffer) => void;

const same = (bytes: Buffer): Buffer => bytes;

const definition: ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

/**
 * OTLP/gRPC logs (`LogsService/Export`). OK only when everything is durable, with the number of refused records in
 * `partial_success`; what is worth another try is UNAVAILABLE with RetryInfo, as the OTLP specification asks for.
 */
export function createOtlpGrpcService(
  limits: OtlpGrpcLimits,
  inputs: readonly OtlpInput[],
  deps: CollectorDeps,
): GrpcService {
  const inFlight = new InFlightBytes(limits.in_flight_bytes_max);
  const working = new Set<Promise<void>>();
  let stopping = false;

  const take = async (call: Call): Promise<Buffer> => {
    const allowed = inputsForCaller(inputs, callerOf(call));
    if (stopping) throw new AppError('TQ_UNAVAILABLE', 'The collector is stopping.', { retryable: true });
    const body = call.request;
    const { rejected, message } = await inFlight.run(body.length, () =>
      handRecords(
        recordsOf(decodeRequest(body, 'protobuf'), allowed, limits.record_bytes_max),
        sha256Hex(body).slice(0, 40),
        deps,
      ),
    );
    return encodeResponse(rejected, message, 'protobuf');
  };

  const serve = async (call: Call, answer: Answer): Promise<void> => {
    try {
      answer(null, await take(call));
    } catch (error) {
      const fault = grpcFault(error);
      deps.logger.warn({ code: fault.code }, 'an OTLP batch was not taken');
      answer(fault);
    }
  };

  return {
    definition,
    implementation: {
      Export: (call: Call, answer: Answer) => {
        const work = serve(call, answer).finally(() => working.delete(work));
        working.add(work);
      },
    },
    open: inputs.some(isOpenRule),
    drain: async (signal) => {
      stopping = true;
      const cut = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([Promise.all(working), cut]);
    },
  };
}
