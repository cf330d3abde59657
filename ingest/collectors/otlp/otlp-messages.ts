import protobuf from 'protobufjs/light.js';
import { AppError } from '../../core/errors.js';
import { isObject } from '../../core/is-object.js';

/**
 * The few messages and fields of OTLP logs that are read here, by their published field numbers
 * (https://opentelemetry.io/docs/specs/otlp/). Unknown fields are skipped by the decoder, as protobuf wants it.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      fields: {
        stringValue: { type: 'string', id: 1 },
        boolValue: { type: 'bool', id: 2 },
        intValue: { type: 'int64', id: 3 },
        doubleValue: { type: 'double', id: 4 },
        arrayValue: { type: 'ArrayValue', id: 5 },
        kvlistValue: { type: 'KeyValueList', id: 6 },
        bytesValue: { type: 'bytes', id: 7 },
      },
    },
    ArrayValue: { fields: { values: { rule: 'repeated', type: 'AnyValue', id: 1 } } },
    KeyValueList: { fields: { values: { rule: 'repeated', type: 'KeyValue', id: 1 } } },
    KeyValue: { fields: { key: { type: 'string', id: 1 }, value: { type: 'AnyValue', id: 2 } } },
    Resource: { fields: { attributes: { rule: 'repeated', type: 'KeyValue', id: 1 } } },
    LogRecord: {
      fields: {
        timeUnixNano: { type: 'fixed64', id: 1 },
        body: { type: 'AnyValue', id: 5 },
        attributes: { rule: 'repeated', type: 'KeyValue', id: 6 },
        traceId: { type: 'bytes', id: 9 },
      },
    },
    ScopeLogs: { fields: { logRecords: { rule: 'repeated', type: 'LogRecord', id: 2 } } },
    ResourceLogs: {
      fields: { resource: { type: 'Resource', id: 1 }, scopeLogs: { rule: 'repeated', type: 'ScopeLogs', id: 2 } },
    },
    ExportLogsServiceRequest: { fields: { resourceLogs: { rule: 'repeated', type: 'ResourceLogs', id: 1 } } },
    ExportLogsPartialSuccess: {
      fields: { rejectedLogRecords: { type: 'int64', id: 1 }, errorMessage: { type: 'string', id: 2 } },
    },
    ExportLogsServiceResponse: { fields: { partialSuccess: { type: 'ExportLogsPartialSuccess', id: 1 } } },
    Status: { fields: { code: { type: 'int32', id: 1 }, message: { type: 'string', id: 2 } } },
  },
});

const requestType = root.lookupType('ExportLogsServiceRequest');
const responseType = root.lookupType('ExportLogsServiceResponse');
const statusType = root.lookupType('Status');

export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  /** Decimal, since 64 bits do not fit a number. */
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: Uint8Array;
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

export interface LogRecord {
  /** Decimal, nanoseconds since the epoch. */
  readonly timeUnixNano?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly traceId?: Uint8Array;
}

export interface ExportLogsRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeLogs?: readonly { readonly logRecords?: readonly LogRecord[] }[];
  }[];
}

export type OtlpEncoding = 'protobuf' | 'json';

/** @throws AppError TQ_REQUEST_INVALID when the body is no such message; it never quotes the body. */
export function decodeRequest(body: Buffer, encoding: OtlpEncoding): ExportLogsRequest {
  try {
    const message =
      encoding === 'protobuf'
        ? requestType.decode(body)
        : requestType.fromObject(withIds(asObject(JSON.parse(body.toString('utf8').replace(/^\uFEFF/, '')))));
    // The descriptor above decides the shape of what comes out.
    return requestType.toObject(message, { longs: String });
  } catch (cause) {
    throw new AppError('TQ_REQUEST_INVALID', `The body is no OTLP ExportLogsServiceRequest in ${encoding}.`, {
      mend: 'Send application/x-protobuf or application/json to /v1/logs.',
      cause,
    });
  }
}

/** The JSON form of OTLP writes trace ids in hexadecimal, where that of protobuf has Base64. */
function withIds(request: Record<string, unknown>): Record<string, unknown> {
  for (const resource of objectsIn(request['resourceLogs'])) {
    for (const scope of objectsIn(resource['scopeLogs'])) {
      for (const log of objectsIn(scope['logRecords'])) {
        const id = log['traceId'];
        if (typeof id === 'string' && /^[0-9a-f]{32}$/i.test(id)) log['traceId'] = Buffer.from(id, 'hex');
        else delete log['traceId'];
      }
    }
  }
  return request;
}

const objectsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item): item is Record<string, unknown> => isObject(item)) : [];

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return value as Record<string, unknown>;
}

/** The answer to a batch that was taken; an empty message says that all of it was. */
export function encodeResponse(rejected: number, message: string, encoding: OtlpEncoding): Buffer {
  const partial = rejected === 0 ? {} : { partialSuccess: { rejectedLogRecords: rejected, errorMessage: message } };
  if (encoding === 'protobuf') return Buffer.from(responseType.encode(responseType.fromObject(partial)).finish());
  // The JSON mapping of protobuf writes 64-bit integers as strings.
  const json =
    rejected === 0 ? {} : { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: message } };
  return Buffer.from(JSON.stringify(json));
}

/** google.rpc.Status, as OTLP asks for in failures. */
export function encodeStatus(code: number, message: string, encoding: OtlpEncoding): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.from(statusType.encode(statusType.fromObject({ code, message })).finish());
}
