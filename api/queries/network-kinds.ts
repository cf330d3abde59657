import { z } from 'zod';
import { defineQuery } from '../../ingest/store/query.js';
import { hopWindow, text, texts, windowParams } from './columns.js';

/** The kind of each of the networks that the operator has named, as hops of the window tell it; others are left out. */
export const networkKinds = defineQuery({
  name: 'network-kinds',
  params: z.object({ ...windowParams, networks: texts }),
  row: z.object({ network: text, kind: text }),
  sql: `
SELECT toString(client_network_name) AS network, argMax(toString(client_network_kind), time) AS kind
FROM hops FINAL
WHERE is_hop AND client_network_name != '' AND client_network_name IN {networks:Array(String)} AND ${hopWindow}
GROUP BY client_network_name`,
});
