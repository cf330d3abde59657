import { join } from 'node:path';
import { keycloakHome } from '../tools/components.mjs';
import { form, formHeaders, send } from './http.js';
import { readSnippet } from './places.js';
import type { Processes } from './processes.js';
import { realmParts } from './realm.js';

export const realm = 'shop';
const admin = { username: 'lab-admin', password: 'lab-admin-password' };
/** Reads the realm's events, and may do nothing else. */
export const poller = { realm: 'master', clientId: 'tourniquet', secret: 'tourniquet-secret-of-the-lab' };
const START_MS = 480_000;

export interface Keycloak {
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  readonly port: number;
  readonly issuer: string;
  /** Events of the Admin API name the realm by it alone. */
  readonly realmId: string;
  /** Its log file, JSON lines. */
  readonly log: string;
  readonly admin: { readonly username: string; readonly password: string };
  /** Body of a GET below /admin/realms/shop. */
  adminGet(path: string): Promise<string>;
}

/** Starts the built Keycloak with its store in memory and makes the realm through the Admin API. */
export async function startKeycloak(
  processes: Processes,
  folder: string,
  port: number,
  managementPort: number,
): Promise<Keycloak> {
  const home = keycloakHome();
  if (home === undefined) throw new Error('Keycloak is not installed; node test/tools/set-up.mjs brings it.');
  const base = `http://127.0.0.1:${port}`;
  const log = join(folder, 'keycloak.log');
  const flags = readSnippet('keycloak/log-flags.txt', { LOG_PATH: log }).trim().split('\n');
  await processes.start(
    {
      name: 'keycloak',
      command: join(home, 'bin/kc.sh'),
      args: [
        'start', '--optimized', '--cache=local', '--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`,
        `--http-management-port=${managementPort}`, `--hostname=${base}`, ...flags,
      ], // prettier-ignore
      env: {
        KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
        JAVA_OPTS_KC_HEAP: '-Xms96m -Xmx512m',
        JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      },
    },
    async () => (await send({ url: `http://127.0.0.1:${managementPort}/health/ready` })).status === 200,
    START_MS,
  );
  const call = await adminCaller(base);
  for (const { method, path, body } of realmParts(realm)) await call(method, path, JSON.stringify(body));
  await registerPoller(call);
  const { id: realmId } = JSON.parse(await call('GET', `/admin/realms/${realm}`)) as { id: string };
  return {
    realmId,
    base,
    port,
    issuer: `${base}/realms/${realm}`,
    log,
    admin,
    adminGet: async (path) => (await adminCaller(base))('GET', `/admin/realms/${realm}${path}`),
  };
}

/** It lives in the master realm, so that its own tokens are none of the realm that is observed. */
async function registerPoller(call: AdminCall): Promise<void> {
  const { clientId, secret } = poller;
  const at = (path: string): string => `/admin/realms/${poller.realm}${path}`;
  const client = { clientId, secret, publicClient: false, serviceAccountsEnabled: true, standardFlowEnabled: false };
  await call('POST', at('/clients'), JSON.stringify(client));
  const idOf = async (id: string): Promise<string> =>
    (JSON.parse(await call('GET', at(`/clients?clientId=${id}`))) as { id: string }[])[0]?.id ?? '';
  const [own, observed] = [await idOf(clientId), await idOf(`${realm}-realm`)];
  const account = JSON.parse(await call('GET', at(`/clients/${own}/service-account-user`))) as { id: string };
  const role = await call('GET', at(`/clients/${observed}/roles/view-events`));
  await call('POST', at(`/users/${account.id}/role-mappings/clients/${observed}`), `[${role}]`);
}

type AdminCall = (method: string, path: string, body?: string) => Promise<string>;

/** The bootstrap administrator's tokens live for a minute; on a busy machine a round of calls takes longer and gets another. */
async function adminCaller(base: string): Promise<AdminCall> {
  const tokenOf = async (): Promise<string> => {
    const answer = await send({
      method: 'POST',
      url: `${base}/realms/master/protocol/openid-connect/token`,
      headers: formHeaders,
      body: form({ grant_type: 'password', client_id: 'admin-cli', ...admin }),
    });
    if (answer.status !== 200) throw new Error(`Keycloak refuses its administrator: ${answer.status} ${answer.body}`);
    return (JSON.parse(answer.body) as { access_token: string }).access_token;
  };
  let token = await tokenOf();
  return async (method, path, body) => {
    const call = () =>
      send({
        method,
        url: `${base}${path}`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
      });
    let done = await call();
    if (done.status === 401) {
      token = await tokenOf();
      done = await call();
    }
    if (done.status >= 300) throw new Error(`Keycloak: ${method} ${path}: ${done.status} ${done.body}`);
    return done.body;
  };
}
