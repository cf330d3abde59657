import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';

const storeCode = 'ingest/store';
const cache = '.cache/stores';

/**
 * Lays a store with its tables into a directory; one that was opened before stays as it is. An engine spends more than a second on its
 * migrations, and most tests want one of their own: they are applied once, and copied.
 */
export async function prepareStore(directory: string): Promise<void> {
  if (existsSync(join(directory, 'engine'))) return;
  const store = await made();
  await mkdir(directory, { recursive: true });
  // A thousand small files, for which Node's own copying takes ten times the processor time.
  await promisify(execFile)('cp', ['-R', `${store}/.`, directory]);
}

let making: Promise<string> | undefined;
const made = (): Promise<string> => (making ??= make());

/** Under the name of all that the tables are made of, so that a changed migration is never hidden by an old copy. */
async function make(): Promise<string> {
  const hash = createHash('sha256').update(
    (createRequire(import.meta.url)('chdb/package.json') as { version: string }).version,
  );
  for (const file of (await readdir(storeCode, { recursive: true }))
    .filter((name) => /\.(sql|ts)$/.test(name))
    .sort()) {
    hash.update(file).update(await readFile(join(storeCode, file)));
  }
  const place = join(cache, hash.digest('hex').slice(0, 16));
  await mkdir(cache, { recursive: true });
  const known = await readdir(cache);
  if (known.includes(place.slice(cache.length + 1))) return place;
  for (const old of known.filter((name) => !name.startsWith('making-'))) await removeUnused(join(cache, old));
  const fresh = await mkdtemp(join(cache, 'making-'));
  const store = new ClickHouseStore({ kind: 'embedded', directory: fresh });
  await store.start();
  await store.migrator.up();
  await store.stop();
  // Another process may have been faster.
  await rename(fresh, place).catch(() => rm(fresh, { recursive: true }));
  return place;
}

/** Work trees may share the folder: what one of them still copies from is left to it. */
async function removeUnused(place: string): Promise<void> {
  const { atimeMs } = await stat(place);
  if (atimeMs < Date.now() - 7 * 86_400_000) await rm(place, { recursive: true });
}
