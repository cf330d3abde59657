import type { Telemetry } from '../../../ingest/otel-bootstrap.js';
import { RuleSet } from '../../../detectors/worker/rules/rule-set.js';
import { AppError } from '../../../ingest/core/errors.js';
import { alertText } from '../alert-text.js';
import { startCollectors } from '../collecting.js';
import { openFingerprinter } from '../fingerprint-keys.js';
import { withApiPort } from '../held-port.js';
import { waitForSignal } from '../lifecycle.js';
import type { Surroundings } from '../open-parts.js';
import { ensureDataDir, openLog, openStore } from '../open-parts.js';
import { type Changeable, createReload } from '../reloading.js';
import { startAlerting, startWorker } from '../roles.js';
import { startApi } from '../serving.js';
import type { Terminal } from '../terminal.js';

export interface Roles {
  readonly collector: boolean;
  readonly worker: boolean;
  readonly api: boolean;
}

/** Runs the roles until a signal. One process with all roles is `up`; Kafka and ClickHouse let them run apart. */
export async function runRoles(
  roles: Roles,
  surroundings: Surroundings,
  telemetry: Telemetry,
  terminal: Terminal,
): Promise<void> {
  // A service waits for its neighbours, however long they are away.
  const patient: Surroundings = { ...surroundings, startAttemptsMax: Infinity };
  const s = roles.api ? await withApiPort(patient) : patient;
  const { config } = s;
  const all = roles.collector && roles.worker && roles.api;
  if (!all && config.log.kind === 'embedded') {
    throw new AppError('TQ_CONFIG_INVALID', 'The embedded log belongs to one process, which must run every role.', {
      mend: 'Run `tourniquet up`, or set log.kind: kafka to run roles apart.',
    });
  }
  ensureDataDir(config);
  // A key that is missing or broken mends no waiting for a broker.
  if (roles.collector) openFingerprinter(config);
  const changeable: Changeable = {};
  // From here on, for a service may wait for its neighbours, and an unheard SIGHUP would end it.
  if (s.reread !== undefined) process.on('SIGHUP', createReload(s.reread, surroundings.config, changeable, s.logger));
  const log = await openLog(s);
  const store = roles.worker || roles.api ? await openStore(s) : undefined;
  const alerting =
    store !== undefined && roles.api
      ? await startAlerting(s, log, store, (notice) => {
          if (terminal.interactive && notice.kind === 'opened') terminal.out(`\n${alertText(notice.alert)}`);
        })
      : undefined;
  if (alerting !== undefined) changeable.suppressions = alerting.suppressions;
  if (store !== undefined && roles.worker) {
    const rules = new RuleSet(config.rules, s.logger);
    changeable.rules = rules;
    changeable.detectors = await startWorker(s, log, store, { rules });
  }
  const collecting = roles.collector ? await startCollectors(s, log) : undefined;
  if (collecting !== undefined) {
    s.logger.info(
      {
        receiver: collecting.receiver?.address ?? null,
        grpc: collecting.grpc?.address ?? null,
        syslog: collecting.syslog,
        file_tails: collecting.tails,
      },
      'the collectors read',
    );
  }
  if (store !== undefined && alerting !== undefined) {
    const address = await startApi(s, store, alerting, telemetry, collecting?.push);
    s.logger.info({ address }, 'the API listens');
  }
  s.logger.info({}, 'ready');
  const signal = await waitForSignal();
  s.logger.info({ signal }, 'stopping');
}
