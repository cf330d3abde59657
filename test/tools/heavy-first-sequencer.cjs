const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take longest, longest first: begun last, one of them would run alone in the end. */
const heavy = [
  'integration/lab/lab',
  'integration/secrets/canary-transports',
  'integration/cli/cli',
  'fault/worker-kill',
  'integration/web/pages',
  'integration/demo/demo-data',
  'integration/store/hops',
  'integration/log/kafka-security',
  'integration/log/kafka-outage',
  'integration/worker/worker-kafka',
  'integration/cli/clickhouse-server',
  'integration/cli/up',
  'integration/cli/drill',
  'integration/detectors/backtest',
  'integration/log/kafka-event-log',
  'integration/api/alert-routes',
  'integration/api/sql-hostile',
  'fault/outbox-kill',
  'fault/store-kill',
  'integration/worker/worker',
  'integration/web/live',
].map((name) => join(__dirname, '..', `${name}.test.ts`));

/** A clean clone knows no durations, and the size of a file, jest's other measure, says little of how long it takes. */
module.exports = class HeavyFirstSequencer extends Sequencer {
  sort(tests) {
    const gone = heavy.filter((path) => !existsSync(path));
    if (gone.length > 0) throw new Error(`${__filename} names files that are not there: ${gone.join(', ')}`);
    const rank = ({ path }) => (heavy.includes(path) ? heavy.indexOf(path) : heavy.length);
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
