import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

/** Version of the data source plugin that the queries are written for; without it the plugin would migrate them. */
export const pluginVersion = '4.11.2';
export const pluginId = 'grafana-clickhouse-datasource';
/** Every panel follows the dashboard's choice of data source. */
export const dataSource = { type: pluginId, uid: '${datasource}' };

export type QueryFormat = 'table' | 'timeseries';

/** A query of the ClickHouse data source as its SQL editor stores it (`src/types/sql.ts` of the plugin). */
export interface ClickHouseQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: typeof dataSource;
  readonly pluginVersion: string;
  readonly editorType: 'sql';
  readonly queryType: QueryFormat;
  /** 0 time series, 1 table. */
  readonly format: 0 | 1;
  readonly rawSql: string;
}

export function clickHouseQuery(rawSql: string, format: QueryFormat, refId = 'A'): Builder<ClickHouseQuery> {
  return {
    build: () => ({
      refId,
      datasource: dataSource,
      pluginVersion,
      editorType: 'sql',
      queryType: format,
      format: format === 'table' ? 1 : 0,
      rawSql: rawSql.trim(),
      _implementsDataqueryVariant: () => undefined,
    }),
  };
}
