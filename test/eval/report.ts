import type { Finding } from '../../detectors/core/finding.js';
import { levels, type Level } from './attacks/scene.js';
import { minutesTo, type FalseIncidents, type Graded, type Outcome } from './grade.js';
import { isPage, type Incident } from './incidents.js';
import { attacks } from './simulate.js';

export interface Recall {
  readonly trials: number;
  /** Shares of trials in which something told of it: anything, an alert, a page. */
  readonly signalled: number;
  readonly alerted: number;
  readonly paged: number;
  /** Median minutes to the first alert, of those with one. */
  readonly minutes: number | null;
}

export interface DetectorLine {
  readonly detector: string;
  readonly measure: string;
  /** Attacks of which it raised an alert, and of which it was the only one. */
  readonly attacks: number;
  readonly alone: number;
  /** Alerts and pages on clean traffic that it had a part in, in 10,000 token-days. */
  readonly falseAlerts: number;
  readonly falsePages: number;
}

export interface Report {
  readonly events: number;
  readonly clean: { readonly tokenDays: number; readonly alerts: number; readonly pages: number; readonly alertsPer10k: number; readonly pagesPer10k: number };
  /** Of all alerts with a sure finding, those that belong to an attack. */
  readonly highFidelity: { readonly right: number; readonly wrong: number; readonly precision: number | null };
  readonly byLevel: Readonly<Record<Level, Recall>>;
  readonly byAttack: readonly { readonly id: string; readonly technique: string; readonly title: string; readonly levels: Readonly<Record<Level, Recall>> }[];
  readonly byDetector: readonly DetectorLine[];
} // prettier-ignore

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function recall(outcomes: readonly Outcome[]): Recall {
  const share = (of: (outcome: Outcome) => readonly Finding[]): number =>
    outcomes.length === 0 ? 0 : outcomes.filter((outcome) => of(outcome).length > 0).length / outcomes.length;
  const times = outcomes.map(({ scene, alerting }) => minutesTo(scene, alerting)).filter((minutes) => minutes !== null);
  return {
    trials: outcomes.length,
    signalled: share(({ findings }) => findings),
    alerted: share(({ alerting }) => alerting),
    paged: share(({ paging }) => paging),
    minutes: median(times),
  };
}

const byLevel = (outcomes: readonly Outcome[]): Record<Level, Recall> => {
  const of = (level: Level): Recall => recall(outcomes.filter(({ scene }) => scene.level === level));
  return { loud: of('loud'), moderate: of('moderate'), stealthy: of('stealthy') };
};

const nameOf = ({ detector, score }: Finding): string =>
  score.measure === '' ? detector : `${detector}/${score.measure}`;

export interface Measured {
  readonly events: number;
  readonly tokenDays: number;
  /** Of clean traffic: all that is told there is false. */
  readonly clean: FalseIncidents & { readonly sure: Graded['sure'] };
  readonly attacked: Pick<Graded, 'outcomes' | 'sure'>;
}

export function makeReport({ events, tokenDays, clean, attacked }: Measured): Report {
  const { outcomes } = attacked;
  const per10k = (count: number): number => (tokenDays === 0 ? 0 : (count / tokenDays) * 10_000);
  const right = attacked.sure.right + clean.sure.right;
  const wrong = attacked.sure.wrong + clean.sure.wrong;
  return {
    events,
    clean: {
      tokenDays,
      alerts: clean.told.length,
      pages: clean.pages.length,
      alertsPer10k: per10k(clean.told.length),
      pagesPer10k: per10k(clean.pages.length),
    },
    highFidelity: { right, wrong, precision: right + wrong === 0 ? null : right / (right + wrong) },
    byLevel: byLevel(outcomes),
    byAttack: attacks.map(({ id, technique, title }) => ({
      id,
      technique,
      title,
      levels: byLevel(outcomes.filter(({ attack }) => attack === id)),
    })),
    byDetector: detectorLines(outcomes, clean.told, per10k),
  };
}

function detectorLines(
  outcomes: readonly Outcome[],
  wrong: readonly Incident[],
  per10k: (count: number) => number,
): readonly DetectorLine[] {
  const raising = [...wrong.map((one) => one.raising), ...outcomes.map(({ alerting }) => alerting)].flat();
  return [...new Set(raising.map(nameOf))].sort().map((name): DetectorLine => {
    const isOf = (finding: Finding): boolean => nameOf(finding) === name;
    const found = outcomes.filter(({ alerting }) => alerting.some(isOf));
    const noisy = wrong.filter((incident) => incident.raising.some(isOf));
    const [detector = '', measure = ''] = name.split('/');
    return {
      detector,
      measure,
      attacks: found.length,
      alone: found.filter(({ alerting }) => alerting.every(isOf)).length,
      falseAlerts: per10k(noisy.length),
      falsePages: per10k(noisy.filter(isPage).length),
    };
  });
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const minutesText = (minutes: number | null): string =>
  minutes === null ? '–' : minutes < 1 ? '< 1 min' : `${Math.round(minutes)} min`;

const shareOf = ({ trials, alerted }: Recall): string =>
  `${(alerted * 100).toFixed(1)} % (${Math.round(alerted * trials)} of ${trials})`;

/** Alert share (page share), median time. */
const cell = ({ trials, alerted, paged, minutes }: Recall): string =>
  trials === 0 ? '' : `${percent(alerted)} (${percent(paged)}), ${minutesText(minutes)}`;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const rule = (columns: number): string => row(Array.from({ length: columns }, () => '---'));

/** As tables in Markdown, for people and for docs/detection.md. */
export function toMarkdown(report: Report): string {
  const { clean, highFidelity, byLevel: all } = report;
  const { right, wrong, precision } = highFidelity;
  return [
    row(['', 'measured', 'wanted']),
    rule(3),
    row(['clean token-days', clean.tokenDays, '50,000']),
    row(['false pages', clean.pages, '']),
    row(['false pages in 10,000 token-days', clean.pagesPer10k.toFixed(2), 'at most 1']),
    row(['false alerts in 10,000 token-days, pages included', clean.alertsPer10k.toFixed(2), '']),
    row([
      'precision of high fidelity',
      precision === null ? '–' : `${(precision * 100).toFixed(1)} % (${right} of ${right + wrong})`,
      'at least 95 %',
    ]),
    row(['recall, loud', shareOf(all.loud), 'at least 95 %']),
    row(['recall, moderate', shareOf(all.moderate), 'at least 80 %']),
    row(['recall, stealthy', shareOf(all.stealthy), 'told as it is']),
    '',
    row(['attack', 'technique', ...levels]),
    rule(5),
    ...report.byAttack
      .filter(({ levels: of }) => of.loud.trials + of.moderate.trials + of.stealthy.trials > 0)
      .map(({ technique, title, levels: of }) => row([title, technique, ...levels.map((level) => cell(of[level]))])),
    row(['**all**', '', ...levels.map((level) => `**${cell(all[level])}**`)]),
    '',
    row(['detector', 'measure', 'attacks', 'alone', 'false alerts', 'false pages']),
    rule(6),
    ...report.byDetector.map((line) =>
      row([
        line.detector,
        line.measure,
        line.attacks,
        line.alone,
        line.falseAlerts.toFixed(2),
        line.falsePages.toFixed(2),
      ]),
    ),
    '',
  ].join('\n');
}
