const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take longest, longest first: begun last, one of them would run alone in the end. */
const heavy = [
  'integration/lab/lab',
  'integration/secrets/canary-transports',
  'integration/cli/cli',
  'fault/worker-kill',
  'integration/web/pages',
  'integration/demo/demo-data',
  'integration/log/kafka-security',
  'integration/log/kafka-outage',
  'integration/worker/worker-kafka',
  'integration/cli/up',
  'integration/cli/drill',
  'integration/api/alert-routes',
  'integration/api/sql-hostile',
  'fault/outbox-kill',
  'fault/store-kill',
  'integration/worker/worker',
  'integration/web/live',
];

/** A clean clone knows no durations, and the size of a file, jest's other measure, says little of how long it takes. */
module.exports = class HeavyFirstSequencer extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const found = heavy.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
      return found === -1 ? heavy.length : found;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
