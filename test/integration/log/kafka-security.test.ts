import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import type { KafkaLogOptions } from '../../../ingest/log/kafka/kafka-client.js';
import { keystorePassword, makeAuthority, makeCertificates } from '../../support/certificates.js';
import { runCli } from '../../support/run-cli.js';
import { startKafka, type TestKafka } from '../../tools/kafka.mjs';

const mechanisms = ['scram-sha-256', 'scram-sha-512'] as const;
const userOf = (mechanism: string): string => `user-${mechanism}`;
const password = 'correct horse battery';

describe('Kafka behind TLS and SCRAM', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tourniquet-kafka-tls-'));
  let kafka: TestKafka;
  let ca = '';
  let strangeCa = '';
  beforeAll(async () => {
    const ours = makeCertificates(folder, 'ours');
    ca = ours.ca;
    strangeCa = makeAuthority(folder, 'strange').ca;
    const users = mechanisms.map((mechanism) => ({
      mechanism: mechanism === 'scram-sha-256' ? ('SCRAM-SHA-256' as const) : ('SCRAM-SHA-512' as const),
      username: userOf(mechanism),
      password,
    }));
    kafka = await startKafka({ own: true, secure: { keystore: ours.keystore, password: keystorePassword, users } });
  }, 180_000);
  afterAll(async () => {
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A record there and back. */
  const roundTrip = async (options: Partial<KafkaLogOptions>, topic: string): Promise<string> => {
    const log = createKafkaEventLog(
      { brokers: [], clientId: 'security', ...options },
      { logger: silentLogger, random: () => 0 },
    );
    await log.start();
    try {
      await log.ensureTopics([{ topic, partitions: 1, replicationFactor: 1, retentionMs: 3_600_000 }]);
      const writer = log.writer();
      await writer.start();
      const value = Buffer.from('over TLS');
      await writer.append(topic, [{ partition: 0, key: null, value, headers: {}, timestampMs: 1_700_000_000_000 }]);
      await writer.stop(5_000);
      return (await log.browse(topic, 0, 0n, 10))[0]?.value.toString() ?? '';
    } finally {
      await log.stop(5_000);
    }
  };
  const tls = () => ({ ca: readFileSync(ca, 'utf8') });
  const credentials = (mechanism: (typeof mechanisms)[number], secret = password) => ({
    brokers: [kafka.saslBroker ?? ''],
    sasl: { mechanism, username: userOf(mechanism), password: secret },
  });

  it('writes and reads over TLS, and with each SCRAM mechanism', async () => {
    const [plain, ...scram] = await Promise.all([
      roundTrip({ brokers: [kafka.tlsBroker ?? ''], tls: tls() }, 'tls'),
      ...mechanisms.map((mechanism) => roundTrip({ ...credentials(mechanism), tls: tls() }, mechanism)),
    ]);
    expect([plain, ...scram]).toEqual(['over TLS', 'over TLS', 'over TLS']);
  }, 120_000);

  it('names a wrong password, a wrong authority and a wrong port with their mends', async () => {
    const strange = { brokers: [kafka.tlsBroker ?? ''], tls: { ca: readFileSync(strangeCa, 'utf8') } };
    // At once, since each is tried for seconds before it is given up.
    await Promise.all([
      expect(roundTrip({ ...credentials('scram-sha-512', 'wrong'), tls: tls() }, 'a')).rejects.toMatchObject({
        code: 'TQ_LOG_UNAVAILABLE',
        message: expect.stringContaining('did not accept the credentials') as unknown,
        mend: expect.stringContaining('log.sasl') as unknown,
      }),
      expect(roundTrip(strange, 'b')).rejects.toMatchObject({
        message: expect.stringContaining('certificate was not accepted') as unknown,
        mend: expect.stringContaining('log.tls.ca_file') as unknown,
      }),
      expect(roundTrip({ brokers: kafka.brokers, tls: tls() }, 'c')).rejects.toMatchObject({
        mend: expect.stringContaining('log.tls') as unknown,
      }),
    ]);
  }, 120_000);

  it('doctor says so, and never the password', async () => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const keys = file('fingerprint.keys', (await runCli(['keygen'])).stdout);
    const doctor = async (name: string, caFile: string, secret: string) => {
      const secretFile = file(`${name}.password`, secret);
      const config = file(
        `${name}.yaml`,
        [
          `data_dir: '${join(folder, name)}'`,
          `fingerprint: { key_file: '${keys}' }`,
          'log:',
          `  { kind: kafka, brokers: ['${kafka.saslBroker ?? ''}'], partitions: 1, replication_factor: 1,`,
          `    tls: { ca_file: '${caFile}' },`,
          `    sasl: { mechanism: scram-sha-256, username: ${userOf('scram-sha-256')}, password_file: '${secretFile}' } }`,
          '',
        ].join('\n'),
      );
      const run = await runCli(['doctor', '--config', config]);
      expect(run.stdout + run.stderr).not.toContain(secret);
      return { code: run.code, line: run.stdout.split('\n').find((l) => l.includes('event log')) ?? '' };
    };
    const [good, wrongPassword, wrongCa] = await Promise.all([
      doctor('good', ca, password),
      doctor('wrong-password', ca, 'wr0ng-password'),
      doctor('wrong-ca', strangeCa, password),
    ]);
    expect(good).toEqual({ code: 0, line: expect.stringMatching(/^ok .*1 partitions/) as unknown });
    expect(wrongPassword).toEqual({ code: 1, line: expect.stringMatching(/^FAIL .*log\.sasl/) as unknown });
    expect(wrongCa).toEqual({ code: 1, line: expect.stringMatching(/^FAIL .*log\.tls\.ca_file/) as unknown });
  }, 180_000);
});
