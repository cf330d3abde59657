import type { Attributes, Counter, Gauge, Histogram } from '@opentelemetry/api';
import { metrics } from '@opentelemetry/api';

/**
 * The one list of instruments. Names follow OpenTelemetry where it has one, units are UCUM. `docs/metrics.md` and this
 * list are held together by a test. A token_uid is never an attribute: there are as many as there are tokens.
 */
export const metricCatalogue = {
  'tourniquet.ingest.records': {
    kind: 'counter',
    unit: '{record}',
    description: 'Raw records read by a collector.',
    attributes: ['product', 'outcome'],
  },
  'tourniquet.ingest.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events made durable in the log.',
    attributes: ['product'],
  },
  'tourniquet.ingest.dropped': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records that hold no event, by reason.',
    attributes: ['product', 'reason'],
  },
  'tourniquet.ingest.dead_letters': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records written to the dead-letter topic.',
    attributes: ['step', 'reason'],
  },
  'tourniquet.ingest.polls': {
    kind: 'counter',
    unit: '{request}',
    description: 'Pages asked of the APIs that sources are read from, by outcome: ok, unavailable, refused.',
    attributes: ['product', 'outcome'],
  },
  'tourniquet.worker.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events read from the log, by outcome: ok, duplicate, dead_letter.',
    attributes: ['outcome'],
  },
  'tourniquet.worker.observations': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events read by the principal stage, by outcome: ok, duplicate, dead_letter.',
    attributes: ['outcome'],
  },
  'tourniquet.worker.blocks': {
    kind: 'counter',
    unit: '{block}',
    description: 'Blocks inserted into the store.',
    attributes: [],
  },
  'tourniquet.worker.insert.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time to insert one block.',
    attributes: [],
  },
  'tourniquet.worker.lag': {
    kind: 'gauge',
    unit: '{record}',
    description: 'Records between the committed offset and the end of the partition.',
    attributes: ['stage', 'messaging.destination.partition.id'],
  },
  'tourniquet.worker.late_events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events older than the allowed lateness when read.',
    attributes: ['stage'],
  },
  'tourniquet.worker.state.keys': {
    kind: 'gauge',
    unit: '{key}',
    description: 'Tokens or principals whose detector state is in memory.',
    attributes: ['stage'],
  },
  'tourniquet.worker.state.evictions': {
    kind: 'counter',
    unit: '{key}',
    description:
      'Tokens or principals whose detector state left memory for the store, to come back with their next event.',
    attributes: ['stage'],
  },
  'tourniquet.rules.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time to evaluate one rule over what is new.',
    attributes: ['rule'],
  },
  'tourniquet.detector.findings': {
    kind: 'counter',
    unit: '{finding}',
    description: 'Findings emitted.',
    attributes: ['detector', 'severity'],
  },
  'tourniquet.alerts.deliveries': {
    kind: 'counter',
    unit: '{delivery}',
    description: 'Delivery attempts, by outcome.',
    attributes: ['destination_kind', 'outcome'],
  },
  'tourniquet.sql.statements': {
    kind: 'counter',
    unit: '{statement}',
    description: 'Statements of analysts, by outcome.',
    attributes: ['outcome'],
  },
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Duration of API requests.',
    attributes: ['http.request.method', 'http.route', 'http.response.status_code'],
  },
} as const satisfies Record<
  string,
  { kind: 'counter' | 'histogram' | 'gauge'; unit: string; description: string; attributes: readonly string[] }
>;

type Catalogue = typeof metricCatalogue;
type NameOf<K extends string> = { [N in keyof Catalogue]: Catalogue[N]['kind'] extends K ? N : never }[keyof Catalogue];

/** What libraries record to; instruments are made lazily from the catalogue. */
export interface Metrics {
  count(name: NameOf<'counter'>, value: number, attributes?: Attributes): void;
  record(name: NameOf<'histogram'>, value: number, attributes?: Attributes): void;
  set(name: NameOf<'gauge'>, value: number, attributes?: Attributes): void;
}

/** Metrics through the global OpenTelemetry API; without an SDK every call is a no-op. */
export function createMetrics(): Metrics {
  const meter = metrics.getMeter('tourniquet');
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, Gauge>();
  const made = <T>(
    cache: Map<string, T>,
    name: keyof Catalogue,
    make: (options: { unit: string; description: string }) => T,
  ): T => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const { unit, description } = metricCatalogue[name];
    const instrument = make({ unit, description });
    cache.set(name, instrument);
    return instrument;
  };
  return {
    count: (name, value, attributes) =>
      made(counters, name, (o) => meter.createCounter(name, o)).add(value, attributes),
    record: (name, value, attributes) =>
      made(histograms, name, (o) => meter.createHistogram(name, o)).record(value, attributes),
    set: (name, value, attributes) => made(gauges, name, (o) => meter.createGauge(name, o)).record(value, attributes),
  };
}
