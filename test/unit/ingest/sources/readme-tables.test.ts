import { readFileSync } from 'node:fs';
import { logTypes } from '../../../../ingest/sources/auth0/log-types.js';
import { actionMeanings } from '../../../../ingest/sources/github/actions.js';
import { nameMeanings } from '../../../../ingest/sources/cloudtrail/event-names.js';
import { methodMeanings } from '../../../../ingest/sources/gcp/methods.js';
import { eventMeanings } from '../../../../ingest/sources/okta/event-types.js';
import { eventMeanings as workspaceMeanings } from '../../../../ingest/sources/workspace/event-names.js';
import { eventMeanings as hydraMeanings } from '../../../../ingest/sources/hydra/meanings.js';
import { serverMethods } from '../../../../ingest/sources/spire/methods.js';
import { eventMeanings as zitadelMeanings } from '../../../../ingest/sources/zitadel/event-types.js';
import type { EventMeaning } from '../../../../ingest/sources/shared/event-meanings.js';

const tables: readonly (readonly [string, ReadonlyMap<string, EventMeaning>])[] = [
  ['github', actionMeanings],
  ['okta', eventMeanings],
  ['auth0', logTypes],
  ['cloudtrail', nameMeanings],
  ['gcp', methodMeanings],
  ['workspace', workspaceMeanings],
  ['hydra', hydraMeanings],
  ['spire', serverMethods],
  ['zitadel', zitadelMeanings],
];

it.each(tables)('the README of %s lists every type under its action and reason', (product, table) => {
  const rows = readFileSync(`ingest/sources/${product}/README.md`, 'utf8')
    .split('\n')
    .filter((row) => /^\| `[a-z_]+` +\|/.test(row));
  expect(table.size).toBeGreaterThan(5);
  for (const [type, { action, reason }] of table) {
    const row = rows.find((candidate) => candidate.includes(`\`${type}\``) && candidate.startsWith(`| \`${action}\``));
    expect([type, row !== undefined]).toEqual([type, true]);
    if (reason !== undefined) expect([type, row?.includes(`\`${reason}\``)]).toEqual([type, true]);
  }
});
