import { AppError } from '../core/errors.js';

/** Where the statements will run: one node (embedded or server), or a cluster with replicas and shards. */
export type Topology = { readonly kind: 'single' } | { readonly kind: 'cluster'; readonly cluster: string };

/**
 * Blocks remembered per table. A retry comes from the worker's last intent, so one block per partition would do; ten
 * thousand leaves room for every partition of a big topic and for months inside one block.
 */
const DEDUP_BLOCKS = 10_000;
const DEDUP_SECONDS = 30 * 86_400;

const WIDE_PART_BYTES = 256 * 1024 * 1024;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function engine(name: string, args: string, topology: Topology): string {
  if (topology.kind === 'single') return `${name}(${args})`;
  const replica = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'";
  return `Replicated${name}(${args === '' ? replica : `${replica}, ${args}`})`;
}

function distributed(table: string, shardingKey: string, topology: Topology): string {
  if (topology.kind === 'single') return '';
  const { cluster } = topology;
  return (
    `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER '${cluster}' AS ${table}_local ` +
    `ENGINE = Distributed('${cluster}', currentDatabase(), '${table}_local', ${shardingKey})`
  );
}

function expand(placeholder: string, topology: Topology): string {
  const [word = '', first = '', ...rest] = placeholder.split(':');
  switch (word) {
    case 'on_cluster':
      return topology.kind === 'single' ? '' : `ON CLUSTER '${topology.cluster}'`;
    case 'local':
      return topology.kind === 'single' ? first : `${first}_local`;
    case 'engine':
      return engine(first, rest.join(':'), topology);
    case 'distributed':
      return distributed(first, rest.join(':'), topology);
    case 'settings':
      return (
        `non_replicated_deduplication_window = ${DEDUP_BLOCKS}, ` +
        `replicated_deduplication_window = ${DEDUP_BLOCKS}, ` +
        `replicated_deduplication_window_seconds = ${DEDUP_SECONDS}, ` +
        // An acknowledged block survives a power cut. Parts stay in few files until they are big, so syncing is cheap.
        `fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = ${WIDE_PART_BYTES}`
      );
    default:
      throw new AppError('TQ_INTERNAL', `Migration placeholder {${placeholder}} is not known.`);
  }
}

/**
 * Renders one migration file to the statements that run on this topology. Placeholders: `{on_cluster}`,
 * `{local:TABLE}`, `{engine:NAME[:ARGS]}`, `{distributed:TABLE:SHARDING KEY}`, `{settings}`. Statements end with a
 * semicolon at the end of a line; lines that start with `--` are comments.
 *
 * @throws AppError TQ_CONFIG_INVALID if the cluster's name is not an identifier.
 */
export function renderMigration(template: string, topology: Topology): readonly string[] {
  if (topology.kind === 'cluster' && !identifier.test(topology.cluster)) {
    throw new AppError('TQ_CONFIG_INVALID', 'The name of the ClickHouse cluster is not a plain identifier.', {
      mend: 'Use letters, digits and underscores, as in remote_servers of the ClickHouse configuration.',
    });
  }
  return template
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
    .replace(/\{([a-z_]+(?::[^{}]*)?)\}/g, (_, placeholder: string) => expand(placeholder, topology))
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
