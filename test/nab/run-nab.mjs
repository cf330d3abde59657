// Scores the Numenta Anomaly Benchmark with `tourniquet score`, then lets NAB's own scorer judge; docs/nab.md tells how.
//   node test/nab/run-nab.mjs PATH-TO-NAB-CHECKOUT [PYTHON]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const name = 'tourniquet';
const threshold = 0.5;
const profiles = ['standard', 'reward_low_FP_rate', 'reward_low_FN_rate'];
const cli = fileURLToPath(new URL('../../dist/api/cli/main.js', import.meta.url));

const [nab, python = 'python3'] = process.argv.slice(2);
if (nab === undefined || !existsSync(join(nab, 'labels/combined_windows.json'))) {
  process.stderr.write('Name a checkout of NAB (github.com/numenta/NAB): node test/nab/run-nab.mjs ../NAB\n');
  process.exit(2);
}
if (!existsSync(cli)) {
  process.stderr.write('Build first: npm run build\n');
  process.exit(2);
}
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Rows of a data file as [timestamp, value], both as text. */
function rowsOf(path) {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}

function scoresOf(rows) {
  const input = rows.map(([timestamp, value]) => JSON.stringify({ timestamp, value: Number(value) })).join('\n');
  const run = spawnSync(process.execPath, [cli, 'score'], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`tourniquet score failed: ${run.stderr}${run.stdout.slice(0, 500)}`);
  return run.stdout.trim().split('\n').map((line) => JSON.parse(line).score);
}

const results = join(nab, 'results', name);
rmSync(results, { recursive: true, force: true });
const windows = readJson(join(nab, 'labels/combined_windows.json'));
let points = 0;
for (const [path, ranges] of Object.entries(windows)) {
  const rows = rowsOf(join(nab, 'data', path));
  const scores = scoresOf(rows);
  if (scores.length !== rows.length) throw new Error(`${path}: ${scores.length} scores for ${rows.length} points`);
  const bounds = ranges.map((range) => range.map((time) => time.slice(0, 19)));
  const lines = rows.map(([timestamp, value], i) => {
    const label = bounds.some(([from, to]) => timestamp >= from && timestamp <= to) ? 1 : 0;
    return `${timestamp},${value},${scores[i]},${label}`;
  });
  const target = join(results, dirname(path), `${name}_${basename(path)}`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `timestamp,value,anomaly_score,label\n${lines.join('\n')}\n`);
  points += rows.length;
  process.stderr.write(`\r${points} points`);
}
process.stderr.write('\n');

// The threshold is ours and fixed: NAB's optimiser, which would choose the best one in hindsight, is not run.
const thresholds = { [name]: Object.fromEntries(profiles.map((profile) => [profile, { score: 0, threshold }])) };
const thresholdsFile = 'config/tourniquet-thresholds.json';
writeFileSync(join(nab, thresholdsFile), JSON.stringify(thresholds));
const args = ['run.py', '-d', name, '--score', '--normalize', '--skipConfirmation', '-t', thresholdsFile];
const judged = spawnSync(python, args, { cwd: nab, stdio: 'inherit' });
if (judged.status !== 0) {
  process.stderr.write(`NAB's scorer needs Python with pandas (pip install pandas simplejson); then: cd ${nab} && ${python} ${args.join(' ')}\n`);
  process.exit(1);
}
