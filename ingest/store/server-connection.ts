import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import type { Analyst } from './analyst.js';
import {
  analystDatabaseOf, checkedIdentifier, insertSelectStatement, quoteString, readSettings, selectInsertSettings, settingsClause, linesSettings,
  type StatementSettings, type StoreConnection,
} from './connection.js'; // prettier-ignore
import type { Topology } from './migration-template.js';
import { ServerAnalyst } from './server-analyst.js';
import type { QueryLimits, TableRow } from './store.js';

export interface ServerAddress {
  /** http:// or https:// URL of a node or of the load balancer before the cluster. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly topology: Topology;
  /** User for statements of people, with rights on their views only; without it the product's own user runs them. */
  readonly analyst?: { readonly username: string; readonly password: string };
  /** PEM of the authority that signed the server's certificate, if it is not a public one. */
  readonly caPem?: Buffer;
  /** Milliseconds that one request may take; default 120,000. */
  readonly requestTimeoutMs?: number;
  /** Gzip the blocks: worth it across slow networks only. Default false. */
  readonly compressRequests?: boolean;
}

/** ClickHouse over HTTP. Blocks are streamed as they are, in the Native format. */
export class ServerConnection implements StoreConnection {
  readonly analyst: Analyst;
  private readonly client: ClickHouseClient;
  private readonly people: ClickHouseClient;
  private readonly address: ServerAddress;

  constructor(address: ServerAddress) {
    this.address = address;
    this.client = this.createClient(address.database);
    const database = analystDatabaseOf(address.database);
    this.people = this.createClient(database, address.analyst);
    this.analyst = new ServerAnalyst(this.people, database);
  }

  private createClient(database: string, user?: { username: string; password: string }): ClickHouseClient {
    const { username, password } = user ?? this.address;
    const { url, caPem, requestTimeoutMs, compressRequests } = this.address;
    return createClient({
      url,
      username,
      password,
      database,
      application: 'tourniquet',
      // Long lists do not fit into a URL.
      use_multipart_params_auto: true,
      // The client would print statements to the console; failures are told by whoever asked.
      log: { level: ClickHouseLogLevel.OFF },
      // Headers in between keep load balancers from cutting a long statement off.
      clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '20000' },
      request_timeout: requestTimeoutMs ?? 120_000,
      compression: { request: compressRequests ?? false, response: true },
      ...(caPem === undefined ? {} : { tls: { ca_cert: caPem } }),
    });
  }

  async command(sql: string): Promise<void> {
    // DDL waits for every host of the cluster, so that the next statement finds what this one made.
    await this.client.command({ query: sql, clickhouse_settings: { wait_end_of_query: 1 } });
  }

  async query(sql: string, params: TableRow, limits: Required<QueryLimits>): Promise<readonly unknown[]> {
    const result = await this.client.query({
      query: sql,
      format: 'JSONEachRow',
      query_params: { ...params },
      clickhouse_settings: {
        ...readSettings,
        max_result_rows: String(limits.rowsMax),
        result_overflow_mode: 'throw',
        max_execution_time: limits.timeoutMs / 1000,
        // Zero would lift what the operator's profile sets.
        ...(limits.memoryBytesMax > 0 && { max_memory_usage: String(limits.memoryBytesMax) }),
      },
    });
    return result.json<unknown>();
  }

  async *lines(sql: string, params: TableRow): AsyncGenerator<string> {
    const result = await this.client.query({
      query: `${sql} ${settingsClause(linesSettings)}`,
      format: 'TabSeparatedRaw',
      query_params: { ...params },
    });
    for await (const rows of result.stream()) yield rows.map((row) => `${row.text}\n`).join('');
  }

  insertNative(table: string, block: readonly Uint8Array[], settings: StatementSettings): Promise<void> {
    return this.insert(table, 'Native', block, settings);
  }

  insertJson(
    table: string,
    _columns: readonly string[],
    lines: readonly Uint8Array[],
    settings: StatementSettings,
  ): Promise<void> {
    return this.insert(table, 'JSONEachRow', lines, settings);
  }

  private async insert(
    table: string,
    format: string,
    parts: readonly Uint8Array[],
    settings: StatementSettings,
  ): Promise<void> {
    const result = await this.client.exec({
      query: `INSERT INTO ${checkedIdentifier(table)} ${settingsClause(this.onEveryShard(settings))} FORMAT ${format}`,
      values: Readable.from(parts, { objectMode: false }),
      clickhouse_settings: { wait_end_of_query: 1 },
    });
    await finished(result.stream.resume());
  }

  async insertSelect(table: string, columns: readonly string[], select: string, params: TableRow): Promise<void> {
    await this.client.command({
      query: insertSelectStatement(table, columns, select, this.onEveryShard(selectInsertSettings)),
      query_params: { ...params },
      clickhouse_settings: { wait_end_of_query: 1 },
    });
  }

  /** A Distributed table must not answer before its shards have the rows. */
  private onEveryShard(settings: StatementSettings): StatementSettings {
    return this.address.topology.kind === 'cluster' ? { ...settings, distributed_foreground_insert: 1 } : settings;
  }

  async ensureDatabase(): Promise<void> {
    const { database, topology } = this.address;
    const onCluster = topology.kind === 'cluster' ? `ON CLUSTER ${quoteString(topology.cluster)}` : '';
    const bootstrap = this.createClient('default');
    try {
      await bootstrap.command({ query: `CREATE DATABASE IF NOT EXISTS ${checkedIdentifier(database)} ${onCluster}` });
    } finally {
      await bootstrap.close();
    }
  }

  async ping(): Promise<void> {
    const result = await this.client.ping({ select: true });
    if (!result.success) throw result.error;
  }

  async close(): Promise<void> {
    await this.people.close();
    await this.client.close();
  }
}
