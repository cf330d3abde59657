import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '../../../../api/cli/commands/config.js';
import { runVerb, type CliRun } from '../../../support/run-verb.js';

describe('tourniquet config test', () => {
  let directory = '';
  const run = (path: string): Promise<CliRun> => runVerb(defineConfig, ['config', 'test', '--config', path], {});
  const write = (text: string): string => {
    const path = join(directory, 'tourniquet.yaml');
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tourniquet config '));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('passes the tests of the example that is shipped', async () => {
    const { code, stdout, stderr } = await run('config.example.yaml');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^(ok {5}\S.*\n)+\d tests, 0 failed\.\n$/);
  });

  it('says in a line what was expected and what was found, and exits 1', async () => {
    const event = '{ token_uid: tok-a, transport: plaintext }';
    const { code, stdout } = await run(
      write(`detectors:
  tests:
    - { name: loud, events: [{ set: ${event} }], expect: [binding/plaintext_hop] }
    - { name: quiet, events: [{ set: ${event} }], expect: [] }
    - { name: other, events: [{ set: { token_uid: tok-a } }], expect: [rate/requests], not: [binding] }
`),
    );
    expect([code, stdout.split('\n')]).toEqual([
      1,
      [
        'ok     loud',
        'FAILED quiet: expected nothing, found binding/plaintext_hop of tok-a, info',
        'FAILED other: expected rate/requests; not binding, found nothing',
        '3 tests, 2 failed.',
        '',
      ],
    ]);
  });

  it('says where to write tests if there are none', async () => {
    const { code, stderr } = await run(write('detectors: {}\n'));
    expect(code).toBe(1);
    expect(stderr).toContain('detectors.tests');
  });
});
