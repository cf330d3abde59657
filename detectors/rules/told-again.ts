import { REQUEST_KEY } from '../core/reproduce.js';
import { asText, type Field } from './fields.js';
import { join, Sql, sql } from './sql.js';

const requestKey = new Sql([REQUEST_KEY]);

/**
 * Events with the column `told_again`: whether another line told of the same request (core/told-once.ts), of those that the
 * rule looks at and of the same group, since only some of a proxy's formats may tell a token. The line that tells most numbers
 * stands for the request. Only proxies that write several formats are looked at twice.
 *
 * @param table where the events are.
 * @param wanted which of them the rule looks at.
 */
export function withToldAgain(table: Sql, wanted: Sql, groups: readonly Field[]): Sql {
  const key = join([sql`direction = 'outbound'`, ...groups.map(asText), requestKey], ', ');
  const uses = sql`FROM ${table} WHERE ${wanted} AND action = 'use'`;
  return sql`(
        SELECT *, event_uid GLOBAL IN (
          SELECT event_uid
          FROM
          (
            SELECT event_uid, row_number() OVER (PARTITION BY request, nth ORDER BY untold, time, event_uid) AS line
            FROM
            (
              SELECT event_uid, time, untold, request,
                row_number() OVER (PARTITION BY request, record_type ORDER BY time, event_uid) AS nth
              FROM
              (
                SELECT event_uid, time, record_type, cityHash64(${key}) AS request,
                  isNull(request_bytes) + isNull(response_bytes) + isNull(duration_ms) AS untold
                ${uses} AND (source_product, source_instance) GLOBAL IN (
                  SELECT source_product, source_instance ${uses}
                  GROUP BY source_product, source_instance HAVING min(record_type) != max(record_type))
              )
            )
          )
          WHERE line > 1
        ) AS told_again
        FROM ${table}
        WHERE ${wanted}
      )`;
}
