import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';
import { httpFault } from '../http/problem.js';

/** google.rpc.Status with RetryInfo, which tells OTLP clients when to come again (OTLP specification, "Failures"). */
const root = protobuf.Root.fromJSON({
  nested: {
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
    Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    RetryInfo: { fields: { retry_delay: { type: 'Duration', id: 1 } } },
    Duration: { fields: { seconds: { type: 'int64', id: 1 } } },
  },
});
const statusType = root.lookupType('Status');
const retryType = root.lookupType('RetryInfo');

/** The gRPC code that stands for an HTTP status that we answer; what is not here is worth another try. */
const codes: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  413: status.RESOURCE_EXHAUSTED,
};

/** What a gRPC client hears about a failure: the same words as over HTTP, and nothing of the records. */
export function grpcFault(error: unknown): ServiceError {
  const fault = httpFault(error);
  const code = codes[fault.status] ?? status.UNAVAILABLE;
  const metadata = new Metadata();
  if (fault.retryAfterS !== undefined) {
    const value = retryType.encode({ retry_delay: { seconds: fault.retryAfterS } }).finish();
    const details = [{ type_url: 'type.googleapis.com/google.rpc.RetryInfo', value }];
    metadata.set(
      'grpc-status-details-bin',
      Buffer.from(statusType.encode({ code, message: fault.detail, details }).finish()),
    );
  }
  return Object.assign(new Error(fault.detail), { code, details: fault.detail, metadata });
}
