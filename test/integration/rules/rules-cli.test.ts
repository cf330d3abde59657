import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineRules } from '../../../api/cli/commands/rules.js';
import { runVerb, type CliRun } from '../../support/run-verb.js';

describe('tourniquet rules', () => {
  let directory = '';
  const run = (...args: string[]): Promise<CliRun> => runVerb(defineRules, ['rules', ...args], {});
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tourniquet rules '));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('lists what runs with a configuration', async () => {
    const config = write('tourniquet.yml', 'rules: { disabled: [scraping], observe: [token-sharing] }');
    const { stdout, code } = await run('list', '--config', config, '--json');
    const listed = stdout.trim().split('\n').map((line) => JSON.parse(line) as { id: string; mode: string }); // prettier-ignore
    expect(code).toBe(0);
    expect(listed.map(({ id }) => id)).not.toContain('scraping');
    expect(listed.find(({ id }) => id === 'token-sharing')?.mode).toBe('observe');
    expect(listed).toHaveLength(36);
  });

  it('makes a rule whose tests pass, and says which do not', async () => {
    const made = await run('new', 'my-rule');
    const good = write('my-rule.yaml', made.stdout);
    const wrong = write(
      'wrong.yaml',
      made.stdout.replace('id: my-rule', 'id: wrong').replace('{ gte: 100 }', '{ gte: 1000 }'),
    );
    expect((await run('lint', good)).stdout).toBe('1 rule without faults.\n');
    const tested = await run('test', good, wrong);
    expect(tested.code).toBe(1);
    expect(tested.stdout.split('\n')).toEqual([
      'ok     my-rule: two hundred refusals',
      'ok     my-rule: two hundred requests that are served',
      'FAILED wrong: two hundred refusals',
      '       expected 198.51.100.7',
      '       found    no alert',
      'ok     wrong: two hundred requests that are served',
      '4 tests of 2 rules, 1 failed.',
      '',
    ]);
    const copy = await run('new', 'mine', '--from', 'mass-secret-reading-aws');
    expect(copy.stdout).toMatch(/^id: mine\ntitle: Many values/);
  });

  it('tells every fault with its place', async () => {
    const path = write(
      'faults.yaml',
      'id: x\ntitle: x\ndescription: x\nseverity: dire\nevents: { a: { shoe: 1 } }\ncorrelation: {}\n',
    );
    const { code, stderr } = await run('lint', path);
    expect(code).toBe(1);
    expect(stderr).toContain('severity (line 4)');
    expect(stderr).toContain('correlation');
  });

  it('imports Sigma, or says what does not fit', async () => {
    const sigma = write(
      'sigma.yml',
      'title: Base\nname: base\nlogsource: { product: okta }\ndetection: { a: { outcome: failure }, condition: a }\n---\ntitle: Many\ncorrelation: { type: event_count, rules: [base], group-by: [src_ip], timespan: 5m, condition: { gte: 9 } }\n',
    );
    const imported = await run('import', sigma);
    expect(imported.stdout).toContain('group_by:\n    - client_address');
    const bad = await run(
      'import',
      write('bad.yml', 'title: x\nlogsource: { product: windows }\ndetection: { a: { Image: x }, condition: a }\n'),
    );
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('windows is not a source of Tourniquet');
    expect(bad.stderr).toContain('the field Image has no counterpart');
  });
});
