import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../ingest/core/clock.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createEmbeddedEventLog } from '../../../ingest/log/embedded/embedded-event-log.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import {
  canariesIn,
  canariesOnDisk,
  canaryFiles,
  canaryJwt,
  mappingKey,
  writeCanaryFiles,
} from '../../support/canaries.js';
import { recordsOf, rowsOf } from '../../support/canary-search.js';
import { runCli, startCli } from '../../support/run-cli.js';
import { startKafka, type TestKafka } from '../../tools/kafka.mjs';

const pages = [
  '/v1/map',
  '/v1/map?leaf=tokens&compare=day',
  '/v1/tokens?limit=100',
  '/v1/alerts',
  '/v1/findings',
  '/v1/deliveries',
  '/metrics',
  '/openapi.json',
];

/** Serves the data directory and reads every page that a user can. */
async function answersOf(args: readonly string[]): Promise<string> {
  const child = startCli(['up', ...args]);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const address = await new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error(`ended early: ${said}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /"address":"(http:[^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const answers = [said];
  for (const page of pages) {
    const answer = await fetch(`${address}${page}`);
    expect([page, answer.status]).toEqual([page, 200]);
    answers.push(await answer.text());
  }
  const ended = new Promise((resolve) => child.removeAllListeners('close').once('close', resolve));
  child.kill('SIGTERM');
  await ended;
  return [...answers, said].join('\n');
}

describe('planted secrets of every source', () => {
  let folder = '';
  let kafka: TestKafka | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-canary-'));
    writeCanaryFiles(folder);
  });
  afterEach(async () => {
    await kafka?.stop();
    kafka = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sources that need more than their name. */
  const told = (): string =>
    `sources: [${canaryFiles
      .filter(({ mapping }) => mapping !== undefined)
      .map((canary) => `{ name: ${canary.source},${mappingKey(folder, canary)} product: ${canary.source} }`)
      .join(', ')}]\n`;
  const files = (): string[] => canaryFiles.map((f) => `${f.source}:${join(folder, 'logs', f.name)}`);

  it('there is a file of every source', () => {
    expect(canaryFiles.map((file) => file.source).sort()).toEqual(sourceFactories.map((f) => f.product).sort());
  });

  it('the search itself finds a planted secret, as it is and encoded', () => {
    expect(canariesIn(`x ${canaryJwt} y`)).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(`..${canaryJwt}`).toString('base64'))).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(`.${canaryJwt}`).toString('base64url'))).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(canaryJwt).toString('hex'))).toEqual(['jwtSignature']);
    expect(canariesIn(encodeURIComponent(`a=${canaryJwt}&`))).toEqual(['jwtSignature']);
    expect(canariesOnDisk(join(folder, 'logs')).length).toBeGreaterThan(5);
  });

  it('are nowhere on disk, in the store, the log, the API, stdout and stderr of the embedded shape', async () => {
    const data = join(folder, 'data');
    const config = join(folder, 'config.yaml');
    writeFileSync(config, told());
    const run = await runCli(['replay', ...files(), '--json', '--config', config, '--data', data]);
    expect(canariesIn(run.stdout + run.stderr)).toEqual([]);
    expect(run.stdout).toMatch(/"dead_letters":[1-9]/);
    expect(canariesIn(await answersOf(['--data', data]))).toEqual([]);
    expect(canariesIn((await runCli(['dlq', 'list', '--data', data])).stdout)).toEqual([]);
    expect(canariesOnDisk(data)).toEqual([]);
    expect(canariesIn(await rowsOf(data))).toEqual([]);
    const log = createEmbeddedEventLog(
      { directory: join(data, 'log') },
      { clock: systemClock, logger: silentLogger, random: () => 0 },
    );
    expect(canariesIn(await recordsOf(log))).toEqual([]);
  }, 120_000);

  it('are nowhere when the log is Kafka', async () => {
    kafka = await startKafka({ own: true });
    const data = join(folder, 'data');
    const config = join(folder, 'config.yaml');
    const keys = join(folder, 'fingerprint.keys');
    writeFileSync(keys, (await runCli(['keygen'])).stdout);
    writeFileSync(
      config,
      `log: { kind: kafka, brokers: ['${kafka.brokers.join("','")}'], partitions: 2, replication_factor: 1 }\nfingerprint: { key_file: '${keys}' }\n${told()}`,
    );
    const run = await runCli(['replay', ...files(), '--json', '--config', config, '--data', data]);
    expect(run.stdout).toMatch(/"events":[1-9]/);
    expect(canariesIn(run.stdout + run.stderr)).toEqual([]);
    const log = createKafkaEventLog(
      { brokers: kafka.brokers, clientId: 'canary', compression: 'gzip' },
      { logger: silentLogger, random: () => 0 },
    );
    expect(canariesIn(await recordsOf(log))).toEqual([]);
    expect(canariesOnDisk(data)).toEqual([]);
    expect(kafka.directory).toBeDefined();
    expect(canariesOnDisk(kafka.directory ?? '')).toEqual([]);
    expect(canariesIn(await rowsOf(data))).toEqual([]);
  }, 180_000);
});
