import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { pluginId } from '../../../dashboards/clickhouse-query.js';
import { dashboardFiles } from '../../../dashboards/dashboard-files.js';

const folder = new URL('../../../dashboards/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8');

describe('dashboards/json', () => {
  it('is what the code makes: npm run dashboards', () => {
    const files = new Map(readdirSync(new URL('json', folder)).map((name) => [name, read(`json/${name}`)]));
    expect(files).toEqual(dashboardFiles());
  });

  it('has ids that do not meet, and links that lead to a dashboard', () => {
    const boards = [...dashboardFiles().values()].map((text) => JSON.parse(text) as { uid: string });
    const uids = new Set(boards.map(({ uid }) => uid));
    expect(uids.size).toBe(boards.length);
    const linked = [...dashboardFiles().values()].flatMap((text) =>
      [...text.matchAll(/"\/d\/([\w-]+)\?/g)].map(([, uid]) => uid),
    );
    expect(linked.length).toBeGreaterThan(0);
    expect(linked.filter((uid) => !uids.has(uid ?? ''))).toEqual([]);
  });

  it('is provisioned for the data source that its panels ask', () => {
    const source = parse(read('provisioning/datasources/tourniquet.yaml')) as { datasources: { type: string }[] };
    expect(source.datasources.map(({ type }) => type)).toEqual([pluginId]);
    const provider = parse(read('provisioning/dashboards/tourniquet.yaml')) as {
      providers: { options: { path: string } }[];
    };
    expect(provider.providers[0]?.options.path).toBe('/var/lib/grafana/dashboards/tourniquet');
  });
});
