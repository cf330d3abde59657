const base = {
  rootDir: __dirname,
  globalSetup: '<rootDir>/test/tools/memory-folder.mjs',
  testEnvironment: '<rootDir>/test/tools/plain-global-environment.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cache'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  clearMocks: true,
};
module.exports = {
  // More than there are cores: the heaviest tests wait for programs that start, time-outs and groups.
  maxWorkers: 3,
  // A worker that has run some forty files takes that long on a busy machine to give 400 MB of heap back after its `exit`; within
  // jest's half second that was called a leak. One that holds a handle is told of all the same.
  workerGracefulExitTimeout: 10_000,
  testSequencer: '<rootDir>/test/tools/heavy-first-sequencer.cjs',
  testTimeout: 60000,
  reporters: ['default', '<rootDir>/test/tools/closing-line-reporter.cjs'],
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/test/{unit,contracts,property,docs}/**/*.test.ts'] },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/{integration,fault}/**/*.test.ts'],
    },
  ],
};
