'use strict';

/** Closes the run with one plain line that any CI can read: `N passed, N failed`. */
module.exports = class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not even load has no failed test of its own, yet it is a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
    // At exit, so that it stands after jest's own summary.
    process.on('exit', () => process.stdout.write(line));
  }
};
