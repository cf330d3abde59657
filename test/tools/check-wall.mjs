// Proves the import wall twice: the product passes it, and a deliberately bad fixture does not (a wall that sees nothing passes everything).
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const edgesMin = 20;

function cruise(cwd, folders) {
  const run = spawnSync(process.execPath, [bin, ...folders, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.stdout === '') throw new Error(`dependency-cruiser failed: ${run.stderr}`);
  return JSON.parse(run.stdout).summary;
}

const product = cruise(root, ['ingest', 'detectors', 'api']);
for (const v of product.violations) process.stderr.write(`wall: ${v.rule.name}: ${v.from} -> ${v.to}\n`);

const scratch = join(root, '.cache/wall-fixture');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
cpSync(join(root, 'test/tools/fixtures/wall'), scratch, { recursive: true });
cpSync(join(root, 'tsconfig.json'), join(scratch, 'tsconfig.json'));
symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
const seen = new Set(cruise(scratch, ['ingest', 'detectors', 'api']).violations.map((v) => v.rule.name));
const missing = ['ingest-is-lowest', 'kernels-do-no-io', 'kafkajs-in-log', 'clickhouse-in-store'].filter((name) => !seen.has(name));
for (const name of missing) process.stderr.write(`wall: the bad fixture was not caught by rule ${name}\n`);
if (product.totalDependenciesCruised < edgesMin) process.stderr.write('wall: too few imports seen, is the resolver blind?\n');

process.exit(product.error > 0 || missing.length > 0 || product.totalDependenciesCruised < edgesMin ? 1 : 0);
