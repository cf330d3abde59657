import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Config } from '../config/schema.js';
import type { RenewableWorker } from '../../detectors/worker/renewable-worker.js';
import type { RuleSet } from '../../detectors/worker/rules/rule-set.js';
import type { SuppressionRegistry } from '../suppressions/suppression-registry.js';

/** The parts of this process that take over new settings, once they are there; those of other roles are not here. */
export interface Changeable {
  suppressions?: Pick<SuppressionRegistry, 'configure'>;
  rules?: Pick<RuleSet, 'configure'>;
  detectors?: Pick<RenewableWorker, 'configure'>;
}

/** Names of what else differs. @param takesDetectors whether the detectors' own settings are taken over. */
function waiting(before: Config, after: Config, takesDetectors: boolean): readonly string[] {
  const rest = ({ alerts, detectors, rules, ...others }: Config): Readonly<Record<string, unknown>> => ({
    ...others,
    alerts: { ...alerts, suppressions: [] },
    detectors: takesDetectors ? null : { ...detectors, observe: [], tests: [] },
    rules: { ...rules, disabled: [], observe: [] },
  });
  const [old, now] = [rest(before), rest(after)];
  return Object.keys(now).filter((part) => JSON.stringify(old[part]) !== JSON.stringify(now[part]));
}

/**
 * What happens on SIGHUP: reads the configuration again and takes over what can be changed while all goes on. A faulty file
 * changes nothing.
 *
 * @param changeable looked at when the signal comes; a process with none of it takes nothing over, and says what waits for its restart.
 */
export function createReload(
  read: () => Config,
  started: Config,
  changeable: Readonly<Changeable>,
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
    const { suppressions, rules, detectors: worker } = changeable;
    const needs_restart = waiting(started, next, worker !== undefined);
    if (suppressions === undefined && rules === undefined) {
      logger.info({ needs_restart }, 'the configuration was read again; this process takes nothing of it over');
      return;
    }
    const { alerts, detectors } = next;
    suppressions?.configure(alerts.suppressions, detectors.observe);
    rules?.configure(next.rules);
    void worker?.configure(detectors);
    const facts = {
      ...(suppressions !== undefined && { suppressions: alerts.suppressions.length, observe: detectors.observe }),
      ...(rules !== undefined && { rules_disabled: next.rules.disabled, rules_observe: next.rules.observe }),
    };
    logger.info({ ...facts, needs_restart }, 'the configuration was read again');
  };
}
