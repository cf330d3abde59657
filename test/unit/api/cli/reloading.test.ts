import { createReload } from '../../../../api/cli/reloading.js';
import { configSchema, type Config } from '../../../../api/config/schema.js';
import { RuleSet } from '../../../../detectors/worker/rules/rule-set.js';
import { AppError } from '../../../../ingest/core/errors.js';
import { silentLogger, type Logger } from '../../../../ingest/core/logger.js';

const config = (parts: object): Config => configSchema.parse(parts);
const scan = { name: 'scan', address: '192.0.2.0/24', reason: 'ours' };

describe('SIGHUP', () => {
  const said: unknown[] = [];
  const hear = (fields: object, message: string): void => void said.push([message, fields]);
  const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };
  const taken: unknown[] = [];
  const suppressions = { configure: (...given: unknown[]) => void taken.push(given) };
  const next = config({ data_dir: 'other', alerts: { suppressions: [scan] }, detectors: { observe: ['rate'] } });
  beforeEach(() => {
    said.length = 0;
    taken.length = 0;
  });

  it('takes over suppressions and observed detectors, and names what waits for a restart', () => {
    createReload(() => next, config({}), { suppressions }, logger)(); // prettier-ignore
    expect(taken).toEqual([[next.alerts.suppressions, ['rate']]]);
    expect(said).toEqual([
      ['the configuration was read again', expect.objectContaining({ needs_restart: ['data_dir'] })],
    ]);
  });

  it('takes nothing over in a process that does not alert, and says so', () => {
    createReload(() => next, config({}), {}, logger)(); // prettier-ignore
    expect(said).toEqual([
      ['the configuration was read again; this process takes nothing of it over', { needs_restart: ['data_dir'] }],
    ]);
  });

  it('has no need of a restart for tests of settings', () => {
    const tests = [{ name: 'a', events: [{ set: { token_uid: 't' } }], expect: [] }];
    createReload(() => config({ detectors: { tests } }), config({}), { suppressions }, logger)(); // prettier-ignore
    expect(said).toEqual([['the configuration was read again', expect.objectContaining({ needs_restart: [] })]]);
  });

  it('changes nothing where the file is faulty', () => {
    const fault = (): Config => {
      throw new AppError('TQ_CONFIG_INVALID', 'faulty');
    };
    createReload(fault, config({}), { suppressions }, logger)(); // prettier-ignore
    expect([taken, said]).toEqual([
      [],
      [[expect.stringContaining('faulty'), { reason: expect.stringContaining('faulty') as string }]],
    ]);
  });

  it('takes over which rules are run and which are only observed, and back again', () => {
    const rules = new RuleSet(config({}).rules, silentLogger);
    const modes = (): Record<string, string> =>
      Object.fromEntries(rules.current().map(({ compiled: { rule } }) => [rule.id, rule.mode]));
    const before = rules.current().map(({ key }) => key);
    const changed = config({ rules: { disabled: ['scraping'], observe: ['token-sharing'], lateness_seconds: 60 } });
    createReload(() => changed, config({}), { rules }, logger)();
    expect(modes()['scraping']).toBeUndefined();
    expect(modes()['token-sharing']).toBe('observe');
    const facts = { rules_disabled: ['scraping'], rules_observe: ['token-sharing'], needs_restart: ['rules'] };
    expect(said).toEqual([['the configuration was read again', facts]]);
    createReload(() => config({}), config({}), { rules }, logger)();
    // The same keys: nothing that was evaluated is evaluated again.
    expect(rules.current().map(({ key }) => key)).toEqual(before);
    expect(modes()['token-sharing']).toBe('alert');
  });
});
