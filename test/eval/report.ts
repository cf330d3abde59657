import type { Finding } from '../../detectors/core/finding.js';
import { levels, type Level } from './attacks/scene.js';
import { isAlert, isPage, minutesTo, toEpisodes, type Outcome } from './grade.js';
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
  /** Alerts and pages on clean traffic, in 10,000 token-days. */
  readonly falseAlerts: number;
  readonly falsePages: number;
}

export interface Report {
  readonly events: number;
  readonly clean: { readonly tokenDays: number; readonly alerts: number; readonly pages: number; readonly alertsPer10k: number; readonly pagesPer10k: number };
  readonly highFidelityPrecision: number | null;
  readonly byLevel: Readonly<Record<Level, Recall>>;
  readonly byAttack: readonly { readonly id: string; readonly technique: string; readonly title: string; readonly levels: Readonly<Record<Level, Recall>> }[];
  readonly byDetector: readonly DetectorLine[];
} // prettier-ignore

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function recall(outcomes: readonly Outcome[]): Recall {
  const share = (counts: (finding: Finding) => boolean): number =>
    outcomes.length === 0 ? 0 : outcomes.filter(({ findings }) => findings.some(counts)).length / outcomes.length;
  const times = outcomes.map((outcome) => minutesTo(outcome, isAlert)).filter((minutes) => minutes !== null);
  return {
    trials: outcomes.length,
    signalled: share(() => true),
    alerted: share(isAlert),
    paged: share(isPage),
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
  /** On clean traffic. */
  readonly clean: readonly Finding[];
  readonly outcomes: readonly Outcome[];
  /** Findings among attacked traffic that belong to no attack, and how many token-days that was. */
  readonly stray: readonly Finding[];
}

export function makeReport({ events, tokenDays, clean, outcomes, stray }: Measured): Report {
  const episodes = toEpisodes(clean);
  const falsePages = episodes.filter(({ findings }) => findings.some(isPage)).length;
  const strayPages = toEpisodes(stray).filter(({ findings }) => findings.some(isPage)).length;
  const truePages = outcomes.filter(({ findings }) => findings.some(isPage)).length;
  const pages = truePages + falsePages + strayPages;
  const per10k = (count: number): number => (tokenDays === 0 ? 0 : (count / tokenDays) * 10_000);
  const names = new Set([...clean, ...outcomes.flatMap(({ findings }) => findings)].filter(isAlert).map(nameOf));
  const lines = [...names].sort().map((name): DetectorLine => {
    const isOf = (finding: Finding): boolean => isAlert(finding) && nameOf(finding) === name;
    const found = outcomes.filter(({ findings }) => findings.some(isOf));
    const alone = found.filter(({ findings }) => findings.filter(isAlert).every(isOf));
    const noisy = episodes.filter(({ findings }) => findings.some(isOf));
    const [detector = '', measure = ''] = name.split('/');
    return {
      detector,
      measure,
      attacks: found.length,
      alone: alone.length,
      falseAlerts: per10k(noisy.length),
      falsePages: per10k(noisy.filter(({ findings }) => findings.some((one) => isPage(one) && isOf(one))).length),
    };
  });
  return {
    events,
    clean: {
      tokenDays,
      alerts: episodes.length,
      pages: falsePages,
      alertsPer10k: per10k(episodes.length),
      pagesPer10k: per10k(falsePages),
    },
    highFidelityPrecision: pages === 0 ? null : truePages / pages,
    byLevel: byLevel(outcomes),
    byAttack: attacks.map(({ id, technique, title }) => ({
      id,
      technique,
      title,
      levels: byLevel(outcomes.filter(({ attack }) => attack === id)),
    })),
    byDetector: lines,
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const minutesText = (minutes: number | null): string =>
  minutes === null ? '–' : minutes < 1 ? '< 1 min' : `${Math.round(minutes)} min`;

/** Alert share (page share), median time. */
const cell = ({ trials, alerted, paged, minutes }: Recall): string =>
  trials === 0 ? '' : `${percent(alerted)} (${percent(paged)}), ${minutesText(minutes)}`;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const rule = (columns: number): string => row(Array.from({ length: columns }, () => '---'));

/** As tables in Markdown, for people and for docs/detection.md. */
export function toMarkdown(report: Report): string {
  const { clean, highFidelityPrecision: precision, byLevel: all } = report;
  return [
    row(['', 'measured', 'wanted']),
    rule(3),
    row(['clean token-days', clean.tokenDays, '50,000']),
    row(['false pages in 10,000 token-days', clean.pagesPer10k.toFixed(2), 'at most 1']),
    row(['false alerts in 10,000 token-days', clean.alertsPer10k.toFixed(1), '']),
    row([
      'precision of high fidelity',
      precision === null ? '–' : `${(precision * 100).toFixed(1)} %`,
      'at least 95 %',
    ]),
    row(['recall, loud', percent(all.loud.alerted), 'at least 95 %']),
    row(['recall, moderate', percent(all.moderate.alerted), 'at least 80 %']),
    row(['recall, stealthy', percent(all.stealthy.alerted), 'told as it is']),
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
