// First step of `npm test`: everything that the tests need and npm does not bring. Fails, and says the mend, rather than skip.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { components } from './components.mjs';
import { chromiumHint, findChromium } from './chromium.mjs';
import { answers, haveJars, jarsDirectory, kafkaVersion, pomPath, withQuickJava } from './kafka.mjs';

const say = (text) => process.stdout.write(`set-up: ${text}\n`);

function fail(text) {
  process.stderr.write(`set-up: ${text}\n`);
  process.exit(1);
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`Node ${process.versions.node} is too old. Install Node 20 or newer (https://nodejs.org), then run npm ci again.`);
  say(`Node ${process.versions.node}`);
}

async function checkKafka() {
  const given = process.env.KAFKA_BROKERS ?? '';
  if (given !== '') return checkBrokers(given.split(',').filter((broker) => broker !== ''));
  const java = answers('java', ['-version']);
  if (java && haveJars()) return say(`Apache Kafka ${kafkaVersion()} is in ${jarsDirectory()}`);
  const maven = answers('mvn', ['-v']);
  if (java && maven) {
    if (await fetchJars()) return;
    if (answers('docker', ['info'])) return say('Maven failed; Kafka will run in Docker (Testcontainers)');
    fail('Maven could not fetch Kafka (its words are above). Check the network or the Maven mirror in ~/.m2/settings.xml, or set KAFKA_BROKERS.');
  }
  if (answers('docker', ['info'])) return say('Kafka will run in Docker (Testcontainers)');
  fail(
    [
      'the tests need a Kafka broker, and none can be had here. Do one of these:',
      `  - Java 17 or newer and Maven (Debian: apt-get install openjdk-17-jre-headless maven)${java ? '; Java is here, Maven is not' : ''};`,
      '  - start Docker;',
      '  - name a broker that may be used for tests: KAFKA_BROKERS=host:9092 npm test',
    ].join('\n'),
  );
}

async function checkBrokers(brokers) {
  for (const broker of brokers) {
    const reached = await new Promise((resolve) => {
      const at = broker.lastIndexOf(':');
      const socket = connect({ host: broker.slice(0, at), port: Number(broker.slice(at + 1)), timeout: 5_000 });
      const end = (result) => {
        socket.destroy();
        resolve(result);
      };
      socket.once('connect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false));
    });
    if (reached) return say(`Kafka at ${broker} (KAFKA_BROKERS)`);
  }
  fail(`no broker of KAFKA_BROKERS=${brokers.join(',')} can be reached. Start it, correct the variable, or unset it.`);
}

/** The pages are tested in a real browser. */
function checkChromium() {
  if (findChromium() === null && process.getuid?.() === 0 && answers('apt-get', ['--version'])) {
    say('fetching Chromium with apt-get (about 100 MB, once)');
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    spawnSync('apt-get', ['update', '-q'], quiet);
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], quiet);
  }
  const found = findChromium();
  if (found === null) fail(chromiumHint);
  say(`Chromium at ${found}`);
}

/** Into a folder aside first, so that a broken download is never taken for a whole one. */
async function fetchJars() {
  const target = jarsDirectory();
  const aside = `${target}.part`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  say(`fetching Apache Kafka ${kafkaVersion()} with Maven (about 46 MB, once)`);
  const child = spawn(
    'mvn',
    ['-q', '-B', '-f', pomPath, 'dependency:copy-dependencies', `-DoutputDirectory=${aside}`, '-DincludeScope=runtime'],
    { env: withQuickJava('MAVEN_OPTS'), stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const started = Date.now();
  const ticking = setInterval(() => {
    say(`  ${readdirSync(aside).length} jars after ${Math.round((Date.now() - started) / 1000)} s`);
  }, 3_000);
  const code = await new Promise((resolve) => child.once('exit', resolve).once('error', () => resolve(1)));
  clearInterval(ticking);
  if (code !== 0) return false;
  writeFileSync(`${aside}/.complete`, '');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  renameSync(aside, target);
  say(`Apache Kafka ${kafkaVersion()}: ${readdirSync(target).length - 1} jars`);
  return true;
}

/** What the lab runs beside Kafka. Installed at once, since each waits for something else: network, Java, disk. */
async function checkComponents() {
  const failures = await Promise.all(
    components.map(async (component) => {
      if (component.ready()) return void say(`${component.name} is here`);
      const started = Date.now();
      const seconds = () => Math.round((Date.now() - started) / 1000);
      say(`installing ${component.name} (once)`);
      const ticking = setInterval(() => say(`  ${component.name}: ${seconds()} s`), 5_000);
      const wrong = await component.install();
      clearInterval(ticking);
      if (wrong === undefined && component.ready()) return void say(`${component.name}: installed in ${seconds()} s`);
      return `the lab needs ${component.name}, which cannot be had here. Get it with: ${component.mend}\n  ${wrong ?? ''}`;
    }),
  );
  const found = failures.filter((failure) => failure !== undefined);
  if (found.length > 0) fail(found.join('\n'));
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const steps = { node: checkNode, kafka: checkKafka, components: checkComponents, chromium: checkChromium };
if (values.only !== undefined && !(values.only in steps)) fail(`--only takes one of ${Object.keys(steps).join(', ')}.`);
for (const [name, step] of Object.entries(steps)) if ((values.only ?? name) === name) await step();
