import { AppError } from '../../../ingest/core/errors.js';
import { runSettingTests } from '../../../detectors/worker/setting-tests/run-setting-tests.js';
import { printable } from '../../alerts/wording.js';
import type { Config } from '../../config/schema.js';
import type { Terminal } from '../terminal.js';

/** Exit code 1 if a test fails. @throws AppError TQ_NOT_FOUND where there is none. */
export function configTest({ detectors, worker }: Config, terminal: Terminal): void {
  if (detectors.tests.length === 0) {
    throw new AppError('TQ_NOT_FOUND', 'The configuration has no tests.', {
      mend: 'Write some at detectors.tests (docs/configuration.md). Rules have theirs: `tourniquet rules test`.',
    });
  }
  const limits = { allowedLatenessMs: worker.allowed_lateness, entitiesMax: worker.keys_max };
  const outcomes = runSettingTests(detectors.tests, detectors, limits);
  for (const { test, passed, expected, found } of outcomes) {
    const line = passed ? `ok     ${test}` : `FAILED ${test}: expected ${expected}, found ${found}`;
    terminal.out(printable(line));
  }
  const failed = outcomes.filter(({ passed }) => !passed).length;
  terminal.out(`${outcomes.length} tests, ${failed} failed.`);
  if (failed > 0) terminal.setExitCode(1);
}
