// Finds or starts the Kafka that the integration tests use; README and set-up.mjs tell the order.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const pomPath = join(root, 'deploy/kafka-dev/pom.xml');
const START_MS = 180_000;
/** For programs in Java that live for seconds: the quick compiler alone costs them half of the processor time. */
const quickJava = '-XX:TieredStopAtLevel=1';

/** The environment with that option added to a variable that a program takes them from. */
export const withQuickJava = (name) => ({ ...process.env, [name]: `${process.env[name] ?? ''} ${quickJava}`.trim() });

/** The pinned version; one place says it. */
export function kafkaVersion() {
  const found = /<kafka\.version>([^<]+)</.exec(readFileSync(pomPath, 'utf8'));
  if (found === null) throw new Error(`no kafka.version in ${pomPath}`);
  return found[1];
}

/** Where set-up.mjs puts the jars. */
export function jarsDirectory() {
  return join(root, '.cache', `kafka-${kafkaVersion()}`, 'lib');
}

export function haveJars() {
  const dir = jarsDirectory();
  return existsSync(join(dir, '.complete')) && readdirSync(dir).includes(`kafka_2.13-${kafkaVersion()}.jar`);
}

/** Whether a program is there and answers. */
export function answers(command, args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

export async function startKafka(options = {}) {
  const given = (process.env.KAFKA_BROKERS ?? '').split(',').filter((broker) => broker !== '');
  if (given.length > 0 && options.own !== true) return existing(given);
  if (haveJars() && answers('java', ['-version'])) return local(options);
  return container(options);
}

function existing(brokers) {
  const refuse = () => Promise.reject(new Error('a broker given by KAFKA_BROKERS is not ours to stop'));
  return { brokers, down: refuse, up: refuse, stop: () => Promise.resolve() };
}

async function local(options) {
  const directory = mkdtempSync(join(tmpdir(), 'tq-kafka-'));
  const { secure } = options;
  const [port, controllerPort, sslPort, saslPort] = await freePorts(secure === undefined ? 2 : 4);
  const config = join(directory, 'server.properties');
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': join(directory, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    // A killed broker may come back under its number once its session is over.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
    ...(secure === undefined ? {} : secureSettings(secure, { port, controllerPort, sslPort, saslPort })),
    ...options.settings,
  };
  writeFileSync(config, Object.entries(settings).map(([key, value]) => `${key}=${String(value).replaceAll('\\', '/')}\n`).join(''));
  const users = (secure?.users ?? []).flatMap(({ mechanism, username, password }) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
  const format = spawnSync('java', javaArgs('kafka.tools.StorageTool', ['format', '-t', 'dG91cm5pcXVldC1kZXYtMQ', '-c', config, ...users]), {
    encoding: 'utf8',
  });
  if (format.status !== 0) throw new Error(`Kafka's storage could not be formatted: ${format.stdout}${format.stderr}`);

  let child = await boot(config, options.measured);
  const reap = () => child.kill('SIGKILL');
  process.on('exit', reap);
  const down = async () => {
    child.ref();
    const gone = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    brokers: [`127.0.0.1:${port}`],
    ...(secure === undefined ? {} : { tlsBroker: `127.0.0.1:${sslPort}`, saslBroker: `127.0.0.1:${saslPort}` }),
    directory,
    down,
    up: async () => {
      child = await boot(config, options.measured);
    },
    stop: async () => {
      await down();
      process.removeListener('exit', reap);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Two more listeners: one for TLS, one for TLS with SCRAM. */
function secureSettings({ keystore, password }, { port, controllerPort, sslPort, saslPort }) {
  const open = [`PLAINTEXT://127.0.0.1:${port}`, `SSL://127.0.0.1:${sslPort}`, `SASL_SSL://127.0.0.1:${saslPort}`];
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    listeners: [...open, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': open.join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keystore,
    'ssl.keystore.password': password,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': login,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': login,
  };
}

/** A broker that is measured has both compilers. */
function javaArgs(main, args, measured = false) {
  return [
    '-Xms128m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    ...(measured ? [] : [quickJava]),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    '-cp',
    join(jarsDirectory(), '*'),
    main,
    ...args,
  ];
}

function boot(config, measured) {
  const child = spawn('java', javaArgs('kafka.Kafka', [config], measured), { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`Kafka did not start: ${why}\n${said.slice(-4000)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${START_MS} ms`), START_MS);
    const listen = (chunk) => {
      said = (said + chunk).slice(-20_000);
      if (!said.includes('Kafka Server started')) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      // The pipes must not keep a finished test process alive, and must be drained for the broker not to block.
      for (const stream of [child.stdout, child.stderr]) {
        stream.removeListener('data', listen);
        stream.resume();
        stream.unref();
      }
      child.unref();
      resolve(child);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`exit code ${code}`));
  });
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function container(options) {
  if (options.secure !== undefined) throw new Error('TLS and SCRAM are tried on a broker of ours: install Java 17 and Maven');
  const { KafkaContainer } = await import('@testcontainers/kafka');
  const image = `confluentinc/cp-kafka:7.9.1`;
  const started = await new KafkaContainer(image).withKraft().start();
  return {
    brokers: [`${started.getHost()}:${started.getMappedPort(9093)}`],
    down: () => pauseContainer(started.getId(), 'pause'),
    up: () => pauseContainer(started.getId(), 'unpause'),
    stop: async () => {
      await started.stop();
    },
  };
}

function pauseContainer(id, verb) {
  const run = spawnSync('docker', [verb, id], { encoding: 'utf8' });
  return run.status === 0 ? Promise.resolve() : Promise.reject(new Error(`docker ${verb} failed: ${run.stderr}`));
}
