// npm run eval [-- --json --seeds 101,102 --tune --attacks cookie,account --examples]: recall, time to detect and false alerts of
// the shipped detectors on made traffic (README.md).
import { parseArgs } from 'node:util';
import type { Finding } from '../../detectors/core/finding.js';
import { grade, isAlert, isPage, type Outcome } from './grade.js';
import { streamJudges } from './judges.js';
import { makeReport, toMarkdown } from './report.js';
import { simulateAttacked, simulateClean } from './simulate.js';

/** Detectors are mended against the first, and judged by the second. */
const seeds = { tuning: [1, 2, 3], reported: [101, 102, 103, 104, 105] } as const;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    tune: { type: 'boolean', default: false },
    tenants: { type: 'string', default: '4' },
    days: { type: 'string', default: '42' },
    trials: { type: 'string', default: '4' },
    attacks: { type: 'string' },
    examples: { type: 'boolean', default: false },
  },
});

const chosen = values.seeds?.split(',').map(Number) ?? (values.tune ? seeds.tuning : seeds.reported);
const clean: Finding[] = [];
const outcomes: Outcome[] = [];
const stray: Finding[] = [];
let events = 0;
let tokenDays = 0;
for (const seed of chosen) {
  const startedMs = performance.now();
  const ordinary = simulateClean(seed, { tenants: Number(values.tenants), days: Number(values.days) }, streamJudges());
  const only = values.attacks?.split(',');
  const plan = { trials: Number(values.trials), quietDays: 15, days: 26, ...(only !== undefined && { only }) };
  const attacked = simulateAttacked(seed, plan, streamJudges());
  const graded = grade(attacked.attacked, attacked.findings);
  events += ordinary.events + attacked.events;
  tokenDays += ordinary.tokenDays;
  clean.push(...ordinary.findings);
  outcomes.push(...graded.outcomes);
  stray.push(...graded.stray);
  const seconds = (performance.now() - startedMs) / 1000;
  const read = ordinary.events + attacked.events;
  process.stderr.write(`seed ${seed}: ${read} events, ${ordinary.tokenDays} clean token-days, ${attacked.attacked.length} attacks, ${seconds.toFixed(0)} s\n`); // prettier-ignore
}
const report = makeReport({ events, tokenDays, clean, outcomes, stray });
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : toMarkdown(report));

if (values.examples) {
  const tell = (finding: Finding): string =>
    `${finding.time} ${finding.entity_kind} ${finding.token_name || finding.principal_name} ${finding.detector}/${finding.score.measure} ${finding.severity} ${finding.fidelity}: ${finding.summary}`;
  process.stdout.write(`false pages\n${[...clean, ...stray].filter(isPage).map(tell).join('\n')}\n`);
  process.stdout.write(`false alerts\n${clean.filter((one) => isAlert(one) && !isPage(one)).map(tell).slice(0, 60).join('\n')}\n`); // prettier-ignore
  for (const { attack, scene, findings } of outcomes) {
    if (findings.some(isAlert)) continue;
    const heard = [...new Set(findings.map(({ detector, score }) => `${detector}/${score.measure}`))].join(' ');
    process.stdout.write(
      `missed ${attack} ${scene.level}: ${scene.victim.kind}, ${scene.events} events; signals: ${heard}\n`,
    );
  }
}
