import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Config } from '../config/schema.js';
import type { SuppressionRegistry } from '../suppressions/suppression-registry.js';

/** The parts of the configuration that a running process takes over; all others wait for its next start. */
const taken = ({ alerts, detectors }: Config) => ({ suppressions: alerts.suppressions, observe: detectors.observe });

/** Names of what else differs, two levels deep. */
function waiting(before: Config, after: Config): readonly string[] {
  const rest = ({ alerts, detectors, ...others }: Config): Readonly<Record<string, unknown>> => ({
    ...others,
    alerts: { ...alerts, suppressions: [] },
    detectors: { ...detectors, observe: [] },
  });
  const [old, now] = [rest(before), rest(after)];
  return Object.keys(now).filter((part) => JSON.stringify(old[part]) !== JSON.stringify(now[part]));
}

/**
 * What happens on SIGHUP: reads the configuration again and takes over what can be changed while all goes on. A faulty file
 * changes nothing.
 *
 * @param suppressions of the process that alerts; one without takes nothing over, and says what waits for its restart.
 */
export function createReload(
  read: () => Config,
  started: Config,
  suppressions: () => Pick<SuppressionRegistry, 'configure'> | undefined,
  logger: Logger,
): () => void {
  return () => {
    let next: Config;
    try {
      next = read();
    } catch (error) {
      logger.warn({ reason: describeError(error) }, 'the configuration is faulty; what was in force stays');
      return;
    }
    const needs_restart = waiting(started, next);
    const { suppressions: entries, observe } = taken(next);
    const registry = suppressions();
    if (registry === undefined) {
      logger.info({ needs_restart }, 'the configuration was read again; this process takes nothing of it over');
      return;
    }
    registry.configure(entries, observe);
    logger.info({ suppressions: entries.length, observe, needs_restart }, 'the configuration was read again');
  };
}
