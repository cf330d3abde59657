import tseslint from 'typescript-eslint';

const clockRules = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Inject a Clock (ingest/core/clock.ts).',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Inject a Clock (ingest/core/clock.ts).' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Inject the randomness.' },
];

const rules = {
  '@typescript-eslint/switch-exhaustiveness-check': 'error',
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  'no-console': 'error',
  'no-restricted-syntax': ['error', ...clockRules],
  'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
};

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.cache', 'coverage', 'test/tools/fixtures'] },
  {
    files: ['ingest/**/*.ts', 'detectors/**/*.ts', 'api/**/*.ts', 'dashboards/**/*.ts', 'test/**/*.ts'],
    ignores: ['api/web/**'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules,
  },
  {
    files: ['api/web/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './api/web/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: { ...rules, 'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'require'] },
  },
  {
    // Grafana reads provisioned files in the first form of its dashboards, which the SDK calls deprecated.
    files: ['dashboards/**/*.ts'],
    rules: { '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['ingest/core/clock.ts', 'api/web/lib/clock.ts', 'api/cli/**/*.ts', '**/main.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-console': 'off' },
  },
);
