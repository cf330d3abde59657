import { createReload } from '../../../../api/cli/reloading.js';
import { configSchema, type Config } from '../../../../api/config/schema.js';
import { AppError } from '../../../../ingest/core/errors.js';
import type { Logger } from '../../../../ingest/core/logger.js';

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
    createReload(() => next, config({}), () => suppressions, logger)(); // prettier-ignore
    expect(taken).toEqual([[next.alerts.suppressions, ['rate']]]);
    expect(said).toEqual([['the configuration was read again', expect.objectContaining({ needs_restart: ['data_dir'] })]]);
  });

  it('takes nothing over in a process that does not alert, and says so', () => {
    createReload(() => next, config({}), () => undefined, logger)(); // prettier-ignore
    expect(said).toEqual([
      ['the configuration was read again; this process takes nothing of it over', { needs_restart: ['data_dir'] }],
    ]);
  });

  it('changes nothing where the file is faulty', () => {
    const fault = (): Config => {
      throw new AppError('TQ_CONFIG_INVALID', 'faulty');
    };
    createReload(fault, config({}), () => suppressions, logger)(); // prettier-ignore
    expect([taken, said]).toEqual([[], [[expect.stringContaining('faulty'), { reason: expect.stringContaining('faulty') as string }]]]);
  });
}); // prettier-ignore
