// npm run eval [-- --full --json --seeds 101,102 --tune --attacks cookie,account --examples]: recall, time to detect and false
// alerts of the shipped detectors and rules on made traffic (README.md).
import { parseArgs } from 'node:util';
import type { Finding } from '../../detectors/core/finding.js';
import { grade, type Outcome } from './grade.js';
import { isPage, type Incident } from './incidents.js';
import { withShippedJudges } from './judges.js';
import { makeReport, toMarkdown } from './report.js';
import { simulateAttacked, simulateClean } from './simulate.js';

/** Detectors are mended against the first, and judged by the second. */
const seeds = { tuning: [1, 2, 3], reported: [101, 102, 103, 104, 105] } as const;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    tune: { type: 'boolean', default: false },
    /** What docs/detection.md reports: more than 50,000 clean token-days. */
    full: { type: 'boolean', default: false },
    tenants: { type: 'string' },
    days: { type: 'string', default: '42' },
    trials: { type: 'string' },
    attacks: { type: 'string' },
    examples: { type: 'boolean', default: false },
  },
});

const size = values.full ? { tenants: 3, trials: 2, seeds: 5 } : { tenants: 1, trials: 1, seeds: 2 };
const tenants = Number(values.tenants ?? size.tenants);
const trials = Number(values.trials ?? size.trials);
const only = values.attacks?.split(',');
const offered = values.tune ? seeds.tuning : seeds.reported;
const chosen = values.seeds?.split(',').map(Number) ?? offered.slice(0, size.seeds);
const clean = { told: [] as Incident[], pages: [] as Incident[], sure: { right: 0, wrong: 0 } };
const attacked = { outcomes: [] as Outcome[], stray: [] as Incident[], sure: { right: 0, wrong: 0 } };
let events = 0;
let tokenDays = 0;

const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
/** CPU time of this process, the engine included, whatever else the machine does. */
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1e6);
};

for (const seed of chosen) {
  if (tenants > 0) {
    const ordinary = await withShippedJudges((judges) => simulateClean(seed, { tenants, days: Number(values.days) }, judges));
    const graded = grade([], ordinary.findings);
    clean.told.push(...graded.wrong.told);
    clean.pages.push(...graded.wrong.pages);
    clean.sure.wrong += graded.sure.wrong;
    events += ordinary.events;
    tokenDays += ordinary.tokenDays;
    tell(`seed ${seed}: ${ordinary.events} events of ${ordinary.tokenDays} clean token-days; ${cpuSeconds()} CPU-seconds so far`);
  }
  if (trials > 0) {
    const plan = { trials, quietDays: 15, days: 26, ...(only !== undefined && { only }) };
    const made = await withShippedJudges((judges) => simulateAttacked(seed, plan, judges));
    const graded = grade(made.attacked, made.findings);
    attacked.outcomes.push(...graded.outcomes);
    attacked.stray.push(...graded.wrong.told);
    attacked.sure.right += graded.sure.right;
    attacked.sure.wrong += graded.sure.wrong;
    events += made.events;
    tell(`seed ${seed}: ${made.events} events with ${made.attacked.length} attacks; ${cpuSeconds()} CPU-seconds so far`);
  }
} // prettier-ignore
const report = makeReport({ events, tokenDays, clean, attacked });
process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : toMarkdown(report));
if (!values.full && values.seeds === undefined && !values.tune) {
  tell('A short run; it cannot tell one page in 10,000 token-days. npm run eval -- --full can (about 40 CPU-minutes).');
}

if (values.examples) {
  const inWords = (finding: Finding): string =>
    `  ${finding.time} ${finding.entity_kind} ${finding.token_name || finding.principal_name} ${finding.detector}/${finding.score.measure} ${finding.severity} ${finding.fidelity}: ${finding.summary}`;
  const list = (title: string, incidents: readonly Incident[]): string =>
    [title, ...incidents.map((one) => [isPage(one) ? ' page' : ' alert', ...one.raising.slice(0, 6).map(inWords)].join('\n'))].join('\n'); // prettier-ignore
  process.stdout.write(`${list('false on clean traffic', clean.told.slice(0, 60))}\n`);
  process.stdout.write(`${list('false beside attacks', attacked.stray.slice(0, 60))}\n`);
  for (const { attack, scene, findings, alerting } of attacked.outcomes) {
    if (alerting.length > 0) continue;
    const heard = findings.map(({ detector, score, severity, fidelity }) => `${detector}/${score.measure} ${severity} ${fidelity}`); // prettier-ignore
    process.stdout.write(
      `missed ${attack} ${scene.level}: ${scene.victim.kind}, ${scene.eventUids.size} events; signals: ${[...new Set(heard)].join(', ')}\n`,
    );
  }
}
