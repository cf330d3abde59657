import { sha256Hex } from '../../../ingest/core/sha256.js';
import { tokenEventSchema, type TokenEvent } from '../../../ingest/event/token-event.js';
import { grade, isAlert, isPage } from '../../eval/grade.js';
import { streamJudges, type Judge } from '../../eval/judges.js';
import { makeReport, toMarkdown } from '../../eval/report.js';
import { simulateAttacked, simulateClean } from '../../eval/simulate.js';

class Recorder implements Judge {
  readonly name = 'recorder';
  readonly events: TokenEvent[] = [];

  offer(event: TokenEvent): void {
    this.events.push(event);
  }

  findings(): readonly [] {
    return [];
  }

  finish(): void {
    return undefined;
  }
}

const fewAttacks = {
  trials: 1,
  quietDays: 0,
  days: 6,
  only: ['honeytoken', 'access-token', 'after-revocation', 'guessing'],
};

function recorded(seed: number) {
  const recorder = new Recorder();
  simulateClean(seed, { tenants: 1, days: 1 }, [recorder]);
  simulateAttacked(seed, { ...fewAttacks, days: 5 }, [recorder]);
  return recorder.events;
}

describe('evaluation', () => {
  it('makes valid events, the same ones from the same seed', () => {
    const events = recorded(7);
    expect(events.length).toBeGreaterThan(2000);
    for (let n = 0; n < events.length; n += 7) tokenEventSchema.parse(events[n]);
    const digest = (list: readonly TokenEvent[]): string => sha256Hex(JSON.stringify(list));
    expect(digest(recorded(7))).toBe(digest(events));
    expect(digest(recorded(8))).not.toBe(digest(events));
  });

  it('finds from the first event what needs no history, while novelty still learns', () => {
    const { attacked, findings, events } = simulateAttacked(7, fewAttacks, streamJudges());
    const { outcomes, stray } = grade(attacked, findings);
    expect(outcomes).toHaveLength(12);
    for (const { scene, findings: found } of outcomes) {
      if (scene.level === 'loud') expect(found.some(isAlert)).toBe(true);
      expect(found.filter(({ detector }) => detector === 'novelty')).toEqual([]);
    }
    expect(stray.filter(isPage)).toEqual([]);
    const report = makeReport({ events, tokenDays: 1000, clean: [], outcomes, stray });
    expect(report.byLevel.loud).toMatchObject({ trials: 4, alerted: 1 });
    expect(report.byAttack.find(({ id }) => id === 'honeytoken')?.levels.stealthy.paged).toBe(1);
    expect(toMarkdown(report)).toContain('| a decoy tried | T1552 | 100 % (100 %), < 1 min |');
  });

  it('counts a finding of nobody as false, and one long after as neither', () => {
    const { attacked, findings } = simulateAttacked(7, { ...fewAttacks, only: ['honeytoken'] }, streamJudges());
    const [first] = findings;
    const late = { ...first!, time: new Date(Date.parse(first!.time) + 20 * 3_600_000).toISOString() };
    const other = { ...first!, entity_uid: 'tok_other', token_uid: 'tok_other', client_address: '192.0.2.1' };
    const { outcomes, stray } = grade(attacked, [late, other]);
    expect(outcomes.flatMap(({ findings: found }) => found)).toEqual([]);
    expect(stray).toEqual([other]);
    const report = makeReport({ events: 0, tokenDays: 5000, clean: [other], outcomes: [], stray: [] });
    expect(report.clean).toEqual({ tokenDays: 5000, alerts: 1, pages: 1, alertsPer10k: 2, pagesPer10k: 2 });
    expect(report.highFidelityPrecision).toBe(0);
  });
});
