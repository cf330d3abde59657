import type { Span } from '@opentelemetry/api';
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AppError } from '../errors.js';

/** One read may carry records of very many appends; a span links to that many of them and no more. */
const linksMax = 32;

const tracer = () => trace.getTracer('tourniquet');

/**
 * Runs an append of events in a span of its own, named after OpenTelemetry's messaging conventions; the span's context
 * is active inside, so that what is appended carries it. Without an SDK it costs next to nothing.
 *
 * @param destination topic.
 * @param messages events of the batch.
 */
export function traceSend<T>(destination: string, messages: number, body: () => Promise<T>): Promise<T> {
  const attributes = attributesOf('send', destination, messages);
  return tracer().startActiveSpan(`send ${destination}`, { kind: SpanKind.PRODUCER, attributes }, (span) =>
    settled(span, body),
  );
}

/**
 * Runs the processing of records in a span that links to the appends that made them.
 *
 * @param traceparents W3C trace contexts out of the records' headers; equal and broken ones are passed over.
 */
export function traceProcess<T>(
  destination: string,
  partition: number,
  messages: number,
  traceparents: Iterable<string | undefined>,
  body: () => Promise<T>,
): Promise<T> {
  const distinct = new Set<string>();
  for (const traceparent of traceparents) {
    if (traceparent === undefined) continue;
    distinct.add(traceparent);
    if (distinct.size === linksMax) break;
  }
  const links = [...distinct].flatMap((traceparent) => {
    const linked = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent }));
    return linked === undefined ? [] : [{ context: linked }];
  });
  const attributes = {
    ...attributesOf('process', destination, messages),
    'messaging.destination.partition.id': String(partition),
  };
  return tracer().startActiveSpan(`process ${destination}`, { kind: SpanKind.CONSUMER, attributes, links }, (span) =>
    settled(span, body),
  );
}

function attributesOf(operation: 'send' | 'process', destination: string, messages: number) {
  return {
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    'messaging.destination.name': destination,
    'messaging.batch.message_count': messages,
  };
}

/** An error is told by its code alone: its message may name what nobody outside should read. */
async function settled<T>(span: Span, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const type = error instanceof AppError ? error.code : 'TQ_INTERNAL';
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
