// Copies what tsc does not: SQL and other data files that the compiled code reads beside itself. Takes away those of an
// earlier build whose source is gone: a migration that was renamed would stay, and stop every start.
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative } from 'node:path';

const root = fileURLToPath(new URL('../..', import.meta.url));
const wanted = /\.(sql|json|yaml)$/;
const folders = ['ingest', 'detectors', 'api'];
/** Vite's, which empties its folder in `dist` and may run at the same time. */
const pages = join('api', 'web', '/');

/** Data files below a folder of `base`, as paths inside `base`. */
function dataFiles(base, folder) {
  if (!existsSync(join(base, folder))) return [];
  return readdirSync(join(base, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => relative(base, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith(pages));
}

const dist = join(root, 'dist');
for (const folder of folders) {
  const sources = new Set(dataFiles(root, folder));
  for (const path of dataFiles(dist, folder)) if (!sources.has(path)) rmSync(join(dist, path));
  for (const path of sources) cpSync(join(root, path), join(dist, path));
}
