import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownFindings } from '../../../detectors/worker/finding-writer.js';
import { RuleEvaluator } from '../../../detectors/worker/rules/rule-evaluator.js';
import { packFiles } from '../../../detectors/worker/rules/rule-files.js';
import { RuleSet } from '../../../detectors/worker/rules/rule-set.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { systemClock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { z } from 'zod';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import {
  appendEvents,
  makeWorker,
  openParts,
  until,
  withDirectory,
  type RealParts,
} from '../../support/real-worker.js';
import type { Querier } from '../../../ingest/store/store.js';
import { makeEvent } from '../../support/token-events.js';

const T0 = Date.UTC(2025, 2, 3, 9, 0, 0);
const options = { latenessMs: 15_000, lookbackMs: 86_400_000 };
const anything = z.record(z.string(), z.unknown());
const others = packFiles().flatMap(({ rules }) =>
  rules.map(({ id }) => id).filter((id) => id !== 'credential-stuffing'),
);
const set = { pack: true, disabled: others, observe: [] };

/** Somebody tries an account each ten seconds. */
const stuffing = (from: number, to: number, address: string): TokenEvent[] =>
  Array.from({ length: to - from }, (_, i) => ({
    ...makeEvent({
      timeMs: T0 + (from + i) * 10_000,
      kind: 'issuer',
      action: 'login',
      outcome: 'failure',
      reason: 'invalid_credentials',
      principal: `user-${from + i}`,
      id: `${address} ${from + i}`,
    }),
    client: { address },
  }));

describe('rules over what is stored', () => {
  let directory = '';
  let parts: RealParts;
  let blocks = 0;
  const told: Finding[] = [];

  const store = async (events: readonly TokenEvent[]): Promise<void> => {
    blocks += 1;
    const positioned = events.map((event, index) => ({ event, partition: 0, offset: BigInt(index) }));
    await parts.store.writer.insertEvents(positioned, `rules-${blocks}`);
  };
  const evaluator = (ruleSet = set): RuleEvaluator => {
    const writer = parts.log.writer();
    const deps = { ...parts, writer, clock: systemClock, logger: silentLogger, detectors: [] };
    const onFinding = (findings: readonly Finding[]): Promise<void> => {
      told.push(...findings);
      return Promise.resolve();
    };
    return new RuleEvaluator({ ...deps, onFinding }, new RuleSet(ruleSet, silentLogger), options);
  };
  const of = (address: string): Finding[] => told.filter(({ client_address }) => client_address === address);
  let done: () => void = () => undefined;
  let ended: Promise<void>;

  beforeAll(async () => {
    let opened: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      opened = resolve;
    });
    ended = withDirectory(async (path) => {
      directory = path;
      parts = await openParts(path, 2);
      opened();
      await new Promise<void>((resolve) => {
        done = resolve;
      });
      await parts.stop();
    });
    await Promise.race([ready, ended]);
  });
  afterAll(async () => {
    done();
    await ended;
  });

  it('finds once, whoever asks again, and its SQL gives what it read', async () => {
    await store(stuffing(0, 60, '198.51.100.1'));
    const first = evaluator();
    expect((await first.pass()).findings).toBe(1);
    await first.pass();
    await evaluator().pass();
    expect(of('198.51.100.1')).toHaveLength(1);
    const [finding] = of('198.51.100.1');
    expect(finding).toMatchObject({
      detector: 'rule:credential-stuffing',
      // A wave from many addresses is one incident of the source.
      entity_kind: 'source',
      token_uid: '',
      principal_uid: '',
      severity: 'high',
      client_address: '198.51.100.1',
    });
    expect(finding?.evidence).toHaveLength(5);
    expect(finding?.score.observed).toBeGreaterThanOrEqual(25);
    const query = { name: 'test', sql: finding?.sql ?? '', params: anything, row: anything };
    expect(await parts.store.querier.run(query, {})).toEqual([{ observed: finding?.score.observed }]);
  });

  it('looks anew when events come late, and tells nothing twice if they came before', async () => {
    const all = stuffing(0, 60, '198.51.100.2');
    await store(all.slice(0, 15));
    await evaluator().pass();
    expect(of('198.51.100.2')).toHaveLength(0);
    await store(all.slice(30));
    await evaluator().pass();
    expect(of('198.51.100.2')).toHaveLength(1);
    await store(all.slice(15, 30));
    expect((await evaluator().pass()).minutes).toBeGreaterThan(0);
    expect(of('198.51.100.2')).toHaveLength(1);
  });

  it('asks which findings are known in portions that a server takes', async () => {
    const [known] = of('198.51.100.1');
    const uids = Array.from({ length: 5000 }, (_, n) => deterministicUuid('test', String(n)));
    const lengths: number[] = [];
    const querier: Querier = {
      lines: (query, params) => parts.store.querier.lines(query, params),
      run: (query, params, limits) => {
        lengths.push(JSON.stringify(params).length);
        return parts.store.querier.run(query, params, limits);
      },
    };
    const asked = [...uids, known?.finding_uid ?? ''];
    expect(await knownFindings(querier, asked)).toEqual(new Set([known?.finding_uid]));
    expect(Math.max(...lengths)).toBeLessThan(128 * 1024);
  });

  it('finds the same through log and worker as in one piece', async () => {
    const ids = new Set<string>();
    const rules = new RuleSet(set, silentLogger);
    const worker = makeWorker(parts, {
      ruleDuty: { rules, options, byItself: false },
      onFinding: (findings) => {
        for (const finding of findings) if (finding.detector.startsWith('rule:')) ids.add(finding.entity_uid);
        return Promise.resolve();
      },
    });
    await worker.start();
    try {
      await appendEvents(parts.log, stuffing(0, 60, '198.51.100.3'));
      await until(() => worker.caughtUp());
      await worker.finish();
    } finally {
      await worker.stop(10_000);
    }
    expect([...ids]).toEqual(['test']);
  });

  it('reads its directory again when it changes; a fault leaves what was good', () => {
    const own = join(directory, 'rules');
    mkdirSync(own);
    const rules = new RuleSet({ ...set, pack: false, directory: own, observe: ['mine'] }, silentLogger);
    const text = (id: string): string =>
      `{ id: ${id}, title: x, description: x, severity: high, events: { a: { outcome: failure } }, correlation: { type: event_count, timespan: 5m, condition: { gte: 3 } } }`;
    expect(rules.current()).toHaveLength(0);
    writeFileSync(join(own, 'a.yaml'), text('mine'));
    expect(rules.current().map(({ compiled }) => [compiled.rule.id, compiled.rule.mode])).toEqual([
      ['mine', 'observe'],
    ]);
    writeFileSync(join(own, 'a.yaml'), `${text('mine')} slip`);
    expect(rules.current()).toHaveLength(1);
    rmSync(join(own, 'a.yaml'));
    expect(rules.current()).toHaveLength(0);
  });

  it('asks in halves what is too much for one statement, and finds the same', async () => {
    await store(stuffing(0, 60, '198.51.100.4'));
    const { querier, writer, ...rest } = parts.store;
    let asked = 0;
    let refused = 0;
    const narrow: Querier = {
      lines: (query, params) => parts.store.querier.lines(query, params),
      run: (query, params, limits) => {
        if (query.name !== 'rule credential-stuffing' || (asked += 1) > 2) return querier.run(query, params, limits);
        refused += 1;
        const engine = Object.assign(new Error('Memory limit exceeded'), { clickhouseCode: 241 });
        return Promise.reject(new AppError('TQ_STORE_UNAVAILABLE', 'No.', { retryable: true, cause: engine }));
      },
    };
    const onFinding = (findings: readonly Finding[]): Promise<void> => {
      told.push(...findings);
      return Promise.resolve();
    };
    const deps = {
      ...parts,
      writer: parts.log.writer(),
      store: { ...rest, querier: narrow, writer },
      clock: systemClock,
      detectors: [],
      onFinding,
    };
    const one = new RuleEvaluator({ ...deps, logger: silentLogger }, new RuleSet(set, silentLogger), options);
    expect((await one.pass()).minutes).toBe(10);
    expect({ refused, more: asked > 3 }).toEqual({ refused: 2, more: true });
    expect(of('198.51.100.4')).toHaveLength(1);
    expect((await evaluator().pass()).minutes).toBe(0);
  });

  it('sets a rule aside that the engine refuses, and goes on with the others', async () => {
    const asked: string[] = [];
    const own = join(directory, 'two');
    mkdirSync(own);
    for (const id of ['slow', 'swift']) {
      const text = `{ id: ${id}, title: x, description: x, severity: high, events: { a: { outcome: failure } }, correlation: { type: event_count, group_by: [client_address], timespan: 5m, condition: { gte: 3 } } }`;
      writeFileSync(join(own, `${id}.yaml`), text);
    }
    const { querier, writer, ...rest } = parts.store;
    const refusing: Querier = {
      lines: (query, params) => parts.store.querier.lines(query, params),
      run: (query, params, limits) => {
        asked.push(query.name);
        return query.name === 'rule slow'
          ? Promise.reject(new AppError('TQ_STORE_REFUSED', 'The query met its limit.'))
          : querier.run(query, params, limits);
      },
    };
    const found: Finding[] = [];
    const rules = new RuleSet({ ...set, pack: false, directory: own }, silentLogger);
    const one = new RuleEvaluator(
      {
        ...parts,
        writer: parts.log.writer(),
        store: { ...rest, querier: refusing, writer },
        clock: systemClock,
        logger: silentLogger,
        detectors: [],
        onFinding: (findings) => {
          found.push(...findings);
          return Promise.resolve();
        },
      },
      rules,
      options,
    );
    expect((await one.pass()).findings).toBe(4);
    expect(new Set(found.map(({ detector }) => detector))).toEqual(new Set(['rule:swift']));
    await one.pass();
    expect(asked.filter((name) => name === 'rule slow')).toHaveLength(1);
  });

  it('remembers for each rule which minutes it looked at', async () => {
    const second = others[0] ?? '';
    const both = { ...set, disabled: others.filter((id) => id !== second) };
    await store(stuffing(96_000, 96_024, '198.51.100.9'));
    expect(await evaluator().pass()).toMatchObject({ minutes: 4 });
    // Only the rule that was not there before.
    const { minutes } = await evaluator(both).pass();
    expect(minutes).toBeGreaterThan(4);
    await store(stuffing(120_000, 120_006, '198.51.100.9'));
    expect(await evaluator(both).pass()).toMatchObject({ minutes: 2 });
    await store(stuffing(96_000, 96_001, '198.51.100.10'));
    expect(await evaluator(both).pass()).toMatchObject({ minutes: 2 });
    expect(await evaluator(both).pass()).toMatchObject({ minutes: 0 });
  });
});
