/** The import wall: ingest <- detectors <- api, and each vendor behind its one folder (docs/architecture.md). */
const only = (name, module, owners) => ({
  name,
  severity: 'error',
  comment: `${module} may be imported only below ${owners}`,
  from: { path: '^(ingest|detectors|api)/', pathNot: owners },
  to: { path: `(^|/)node_modules/${module}(/|$)` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-resolve', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'ingest-is-lowest', severity: 'error', from: { path: '^ingest/' }, to: { path: '^(detectors|api)/' } },
    { name: 'detectors-below-api', severity: 'error', from: { path: '^detectors/' }, to: { path: '^api/' } },
    { name: 'nobody-imports-tests', severity: 'error', from: { path: '^(ingest|detectors|api)/' }, to: { path: '^test/' } },
    {
      name: 'core-and-event-are-pure',
      severity: 'error',
      from: { path: '^ingest/(core|event)/' },
      to: { path: '^ingest/(log|store|sources|collectors|pipeline)/' },
    },
    {
      name: 'sources-are-pure',
      severity: 'error',
      from: { path: '^ingest/sources/' },
      to: { path: '^ingest/(log|store|collectors|pipeline)/' },
    },
    {
      name: 'sources-do-no-io',
      severity: 'error',
      from: { path: '^ingest/(core|event|sources)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|util|net|buffer)$' },
    },
    {
      name: 'kernels-are-pure',
      severity: 'error',
      from: { path: '^detectors/', pathNot: '^detectors/(worker/|main\\.ts)' },
      to: { path: '^ingest/(log|store|sources|collectors|pipeline)/|^detectors/worker/' },
    },
    {
      name: 'kernels-do-no-io',
      severity: 'error',
      from: { path: '^detectors/', pathNot: '^detectors/(worker/|main\\.ts)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'web-takes-only-types',
      severity: 'error',
      comment: 'The pages run in a browser: of the server they may know the shape of its answers, nothing else.',
      from: { path: '^api/web/' },
      to: { path: '^(ingest|detectors|api)/', pathNot: '^api/web/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'server-without-web', severity: 'error', from: { path: '^(ingest|detectors|api)/', pathNot: '^api/web/' }, to: { path: '^api/web/' } },
    only('preact-in-web', '(preact|@preact|uplot)', '^api/web/'),
    only('kafkajs-in-log', 'kafkajs', '^ingest/log/'),
    only('lmdb-in-log', 'lmdb', '^ingest/(log|collectors)/'),
    only('clickhouse-in-store', '(@clickhouse|chdb)', '^ingest/store/'),
    only('maxmind-in-enrich', 'maxmind', '^ingest/enrich/'),
    only('otel-sdk-in-bootstrap', '@opentelemetry/(sdk|exporter)[^/]*', '^ingest/otel-bootstrap\\.ts'),
    only('fastify-in-edges', 'fastify', '^(api|ingest/collectors)/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.css'], conditionNames: ['import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
};
