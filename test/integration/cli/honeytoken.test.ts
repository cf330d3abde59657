import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { honeytokenCreate, type CreateOptions } from '../../../api/cli/actions/honeytoken.js';
import { defineHoneytoken } from '../../../api/cli/commands/honeytoken.js';
import { DecoyRegistry } from '../../../detectors/worker/decoy-registry.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createFingerprinter } from '../../../ingest/event/fingerprint.js';
import { generateKeyFileLine, parseKeyFile } from '../../../ingest/event/key-file.js';
import { RawSecret } from '../../../ingest/event/raw-secret.js';
import { describeCredential } from '../../../ingest/event/token-facts.js';
import { runVerb } from '../../support/run-verb.js';
import { apiOn, keys, type ApiFixture } from '../api/api-fixture.js';
import { emptyStore, type SeededStore } from '../api/seeded-store.js';

describe('tourniquet honeytoken, against an API on the real store', () => {
  const line = generateKeyFileLine(randomBytes);
  const fingerprinter = createFingerprinter(parseKeyFile(line));
  let seeded: SeededStore;
  let api: ApiFixture;
  let directory = '';
  let env: Record<string, string> = {};

  beforeAll(async () => {
    seeded = await emptyStore();
    api = await apiOn(seeded.store);
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
    env = { TOURNIQUET_URL: url, TOURNIQUET_API_KEY: keys.admin };
    directory = await mkdtemp(join(tmpdir(), 'tourniquet decoys '));
    await mkdir(join(directory, 'keys'));
    await writeFile(join(directory, 'keys', 'fingerprint.keys'), line);
  });
  afterAll(async () => {
    await api.app.close();
    await seeded.close();
    await rm(directory, { recursive: true, force: true });
  });

  const cli = (args: readonly string[], change: Record<string, string> = {}) =>
    runVerb(defineHoneytoken, ['honeytoken', ...args], { ...env, ...change });
  const tokenOf = (secret: string) => describeCredential(new RawSecret(secret), fingerprinter).token;

  it('prints a decoy once, keeps its fingerprints only, and workers know it and its removal', async () => {
    const args = ['create', '--data', directory, '--format', 'github', '--name', 'CI token', '--planted', 'repo infra'];
    const made = await cli(args);
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('shown once')]);
    const secret = made.stdout.trim();
    const token = tokenOf(secret);
    const listed = await cli(['list']);
    expect(listed.stdout).toContain(`${token.token_uid}  github  watched`);
    expect(JSON.parse((await cli(['list', '--json'])).stdout)).toMatchObject({
      secret_fp: token.secret_fp,
      name: 'CI token',
      planted: 'repo infra',
      created_by: 'admin of the test',
    });

    const registry = new DecoyRegistry({ querier: seeded.store.querier, logger: silentLogger, refreshMs: 20 });
    await registry.start();
    expect(registry.find(token, Date.now())).toMatchObject({ name: 'CI token' });
    expect((await cli(['remove', token.token_uid])).stdout).toBe(`${token.token_uid}  removed\n`);
    const now = api.clock.nowMs();
    for (let n = 0; n < 500 && registry.find(token, now) !== undefined; n += 1)
      await new Promise((r) => setTimeout(r, 20));
    expect([registry.find(token, now - 1)?.name, registry.find(token, now)]).toEqual(['CI token', undefined]);
    await registry.stop();
    expect((await cli(['list'])).stderr).toBe('No decoys.\n');
    expect((await cli(['list', '--all'])).stdout).toContain('removed');
    expect((await cli(['remove', `tok_${'Z'.repeat(22)}`])).code).toBe(1);
  });

  it('finds the API where the configuration lets it listen', async () => {
    const { port } = api.app.server.address() as AddressInfo;
    const file = join(directory, 'tourniquet.yaml');
    await writeFile(file, `{ data_dir: '${directory}', api: { host: 127.0.0.1, port: ${port} } }`);
    const verb = (...args: string[]) =>
      runVerb(defineHoneytoken, ['honeytoken', ...args, '--config', file], { TOURNIQUET_API_KEY: keys.admin });
    const made = await verb('create', '--name', 'by the file');
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('Registered')]);
    const { token_uid } = tokenOf(made.stdout.trim());
    expect((await verb('remove', token_uid)).stdout).toBe(`${token_uid}  removed\n`);
  });

  it('registers an existing credential from stdin, without printing or storing it', async () => {
    const secret = 'an-old-api-key-0123456789abcdef';
    let printed = '';
    const terminal = {
      out: (text: string) => (printed += text),
      err: (text: string) => (printed += text),
      env,
      interactive: false,
      setExitCode: () => undefined,
    };
    const options: CreateOptions = {
      data: directory, format: 'generic', name: 'old key', planted: '', note: '', issuer: '', subject: '', stdin: true, json: true,
    }; // prettier-ignore
    await honeytokenCreate(options, terminal, Readable.from([secret, '\n']));
    expect(printed).toContain(tokenOf(secret).token_uid);
    expect(printed).not.toContain(secret);
    await expect(honeytokenCreate(options, terminal, Readable.from([secret]))).rejects.toMatchObject({
      code: 'TQ_CONFLICT',
    });
    await expect(honeytokenCreate(options, terminal, Readable.from(['two words']))).rejects.toThrow('one credential');
    const noted = { ...options, note: `it is ghp_${'a'.repeat(36)}` };
    await expect(honeytokenCreate(noted, terminal, Readable.from(['other-key-9876543210']))).rejects.toThrow(
      'looks like a secret',
    );
  });

  it('is for admins, and never makes a fingerprint key of its own', async () => {
    for (const key of [keys.responder, keys.viewer, keys.ingest]) {
      const run = await cli(['list'], { TOURNIQUET_API_KEY: key });
      expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('needs the role admin')]);
    }
    const lost = await cli(['create', '--data', join(directory, 'elsewhere'), '--name', 'x']);
    expect([lost.code, lost.stdout, lost.stderr]).toEqual([1, '', expect.stringContaining('--data')]);
    expect((await cli(['create', '--data', directory, '--name', 'x', '--format', 'unknown'])).code).toBe(1);
  });
});
