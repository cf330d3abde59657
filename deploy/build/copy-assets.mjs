// Copies what tsc does not: SQL and other data files that the compiled code reads beside itself.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('../..', import.meta.url));
const wanted = /\.(sql|json)$/;

for (const folder of ['ingest', 'detectors', 'api']) {
  if (!existsSync(join(root, folder))) continue;
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !wanted.test(entry.name)) continue;
    const from = join(entry.parentPath, entry.name);
    cpSync(from, from.replace(join(root, folder), join(root, 'dist', folder)));
  }
}
