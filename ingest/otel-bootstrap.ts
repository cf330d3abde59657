import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { metrics, NodeSDK, resources } from '@opentelemetry/sdk-node';

/** What the process keeps of the OpenTelemetry SDK; nobody else imports it. */
export interface Telemetry {
  /** The metrics as Prometheus text, for `/metrics`. */
  prometheusText(): Promise<string>;
  shutdown(): Promise<void>;
}

export interface TelemetryOptions {
  readonly serviceVersion: string;
  /** Where to send traces and metrics by OTLP/HTTP; null exports nothing but `/metrics`. */
  readonly otlpEndpoint: string | null;
}

/** Starts the SDK; to be called once, first in a composition root. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer();
  if (options.otlpEndpoint !== null) process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ??= options.otlpEndpoint;
  const exportsOtlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] !== undefined;
  if (!exportsOtlp) {
    process.env['OTEL_TRACES_EXPORTER'] = 'none';
    process.env['OTEL_LOGS_EXPORTER'] = 'none';
  }
  const sdk = new NodeSDK({
    resource: resources.resourceFromAttributes({
      'service.name': 'tourniquet',
      'service.version': options.serviceVersion,
    }),
    // Named readers replace those that the SDK would make from the environment, so the push by OTLP is named as well.
    metricReaders: [
      prometheus,
      ...(exportsOtlp ? [new metrics.PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })] : []),
    ],
    instrumentations: [],
    // Detected resources hold paths and process arguments, which are nobody's business at /metrics.
    autoDetectResources: false,
  });
  sdk.start();
  return {
    prometheusText: async () => {
      const { resourceMetrics } = await prometheus.collect();
      return serializer.serialize(resourceMetrics);
    },
    shutdown: () => sdk.shutdown(),
  };
}
