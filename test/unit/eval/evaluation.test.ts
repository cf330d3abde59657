import { sha256Hex } from '../../../ingest/core/sha256.js';
import { tokenEventSchema, type TokenEvent } from '../../../ingest/event/token-event.js';
import { grade } from '../../eval/grade.js';
import { incidentsOf } from '../../eval/incidents.js';
import { StreamJudge, type Judge } from '../../eval/judges.js';
import { makeReport, toMarkdown } from '../../eval/report.js';
import { simulateAttacked, simulateClean } from '../../eval/simulate.js';

class Recorder implements Judge {
  readonly name = 'recorder';
  readonly events: TokenEvent[] = [];

  offer(event: TokenEvent): void {
    this.events.push(event);
  }

  findings(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}

const fewAttacks = {
  trials: 1,
  quietDays: 0,
  days: 6,
  only: ['honeytoken', 'access-token', 'after-revocation', 'guessing'],
};

async function recorded(seed: number) {
  const recorder = new Recorder();
  await simulateClean(seed, { tenants: 1, days: 1 }, [recorder]);
  await simulateAttacked(seed, { ...fewAttacks, days: 5 }, [recorder]);
  return recorder.events;
}

describe('evaluation', () => {
  it('makes valid events, the same ones from the same seed', async () => {
    const events = await recorded(7);
    expect(events.length).toBeGreaterThan(2000);
    for (let n = 0; n < events.length; n += 7) tokenEventSchema.parse(events[n]);
    const digest = (list: readonly TokenEvent[]): string => sha256Hex(JSON.stringify(list));
    expect(digest(await recorded(7))).toBe(digest(events));
    expect(digest(await recorded(8))).not.toBe(digest(events));
  });

  it('finds from the first event what needs no history, while novelty still learns', async () => {
    const { attacked, findings, events } = await simulateAttacked(7, fewAttacks, [new StreamJudge()]);
    const graded = grade(attacked, findings);
    expect(graded.outcomes).toHaveLength(12);
    for (const { scene, findings: found, alerting } of graded.outcomes) {
      if (scene.level === 'loud') expect(alerting).not.toEqual([]);
      expect(found.filter(({ detector }) => detector === 'novelty')).toEqual([]);
    }
    expect(graded.wrong.pages).toEqual([]);
    const clean = { told: [], pages: [], sure: { right: 0, wrong: 0 } };
    const report = makeReport({ events, tokenDays: 1000, clean, attacked: graded });
    expect(report.byLevel.loud).toMatchObject({ trials: 4, alerted: 1 });
    expect(report.highFidelity.right).toBeGreaterThan(3);
    expect(report.byAttack.find(({ id }) => id === 'honeytoken')?.levels.stealthy.paged).toBe(1);
    expect(toMarkdown(report)).toContain('| a decoy tried | T1552 | 100 % (100 %), < 1 min |');
  });

  it('counts an alert about nobody as false, and one long after as neither', async () => {
    const { attacked, findings } = await simulateAttacked(7, { ...fewAttacks, only: ['honeytoken'] }, [
      new StreamJudge(),
    ]);
    const [first] = findings;
    const late = { ...first!, time: new Date(Date.parse(first!.time) + 20 * 3_600_000).toISOString() };
    const nobody = { entity_uid: 'tok_other', token_uid: 'tok_other', principal_uid: '', client_address: '192.0.2.1' };
    const other = { ...first!, ...nobody, finding_uid: 'other', evidence: [] };
    const graded = grade(attacked, [late, other]);
    expect(graded.outcomes.flatMap(({ findings: found }) => found)).toEqual([]);
    expect(graded.wrong.pages.map(({ raising }) => raising)).toEqual([[other]]);
    expect(graded.sure).toEqual({ right: 0, wrong: 1 });
    const measured = { events: 0, tokenDays: 5000, clean: { ...graded.wrong, sure: graded.sure } };
    const none = { outcomes: [], sure: { right: 0, wrong: 0 } };
    const report = makeReport({ ...measured, attacked: none });
    expect(report.clean).toEqual({ tokenDays: 5000, alerts: 1, pages: 1, alertsPer10k: 2, pagesPer10k: 2 });
    expect(report.highFidelity.precision).toBe(0);
  });

  it('credits what is said of a whole issuer to whoever made its evidence', async () => {
    const { attacked, findings } = await simulateAttacked(7, { ...fewAttacks, only: ['guessing'] }, [
      new StreamJudge(),
    ]);
    const { scene } = attacked[0]!;
    const of = findings.find(({ token_uid: token, principal_uid: principal }) => scene.tokens.has(token) || scene.principals.has(principal))!; // prettier-ignore
    const source = { entity_kind: 'source', entity_uid: 'id', token_uid: '', principal_uid: '' } as const;
    const time = new Date(scene.startMs).toISOString();
    const theirs = { ...of, ...source, time, finding_uid: 'theirs', evidence: [[...scene.eventUids][0]!] };
    const others = { ...theirs, finding_uid: 'others', evidence: ['00000000-0000-8000-8000-ffffffffffff'] };
    expect(grade([attacked[0]!], [theirs]).outcomes[0]?.findings).toEqual([theirs]);
    expect(grade([attacked[0]!], [others]).outcomes[0]?.findings).toEqual([]);
  });

  it('takes for an alert what the product would raise: sure findings, or risk that adds up', async () => {
    const { findings } = await simulateAttacked(7, { ...fewAttacks, only: ['honeytoken'] }, [new StreamJudge()]);
    const weak = { ...findings[0]!, severity: 'low', fidelity: 'medium' } as const;
    const time = new Date(Date.parse(weak.time) + 60_000).toISOString();
    const again = { ...weak, finding_uid: 'again', detector: 'another', time };
    expect(incidentsOf([weak])).toEqual([]);
    expect(incidentsOf([weak, again])).toMatchObject([{ severity: 'medium', raising: [{ severity: 'low' }] }]);
    expect(incidentsOf([{ ...weak, fidelity: 'high' }])).toMatchObject([{ severity: 'low' }]);
  });
});
