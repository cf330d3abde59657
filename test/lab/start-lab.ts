import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envoyProgram } from '../tools/components.mjs';
import { pagerDutyReceiver, type ContractReceiver } from '../support/contract-receiver.js';
import { startKafka, type TestKafka } from '../tools/kafka.mjs';
import { makeCertificates } from './certificates.js';
import { Driver } from './driver.js';
import { gatewayConfig, sidecarConfig, type EnvoyContext } from './envoy-config.js';
import { closeConnections, send } from './http.js';
import { startKeycloak, type Keycloak } from './keycloak.js';
import { assignPorts, services, type Ports, type Service } from './mesh.js';
import { startNginx, type Nginx } from './nginx.js';
import { freePorts } from './places.js';
import { Processes } from './processes.js';
import { startServices } from './services.js';
import { startTourniquet, type Tourniquet } from './tourniquet.js';
import { Truth } from './truth.js';
import { writeFileSync } from 'node:fs';

export interface LabOptions {
  /** Merged over the lab's Tourniquet configuration, one level deep: `{ alerts: {…} }` replaces `alerts`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Port of Tourniquet's API; a free one by default. */
  readonly apiPort?: number;
  /** Port of the edge; a free one by default. */
  readonly edgePort?: number;
  /** Told what is being started. */
  readonly onProgress?: (text: string) => void;
}

export interface Lab {
  /** Everything that the lab writes; gone after `stop`. */
  readonly folder: string;
  readonly addresses: {
    readonly api: string;
    readonly edge: string;
    readonly keycloak: string;
    readonly kafka: string;
  };
  readonly keycloak: Keycloak;
  readonly tourniquet: Tourniquet;
  readonly driver: Driver;
  /** Takes alerts as PagerDuty's Events API v2 does, and holds each against its documentation. */
  readonly pager: ContractReceiver;
  readonly truth: Truth;
  /** Stops every program of the lab; may be called twice. */
  stop(): Promise<void>;
}

interface Neighbours {
  readonly keycloak: Keycloak;
  readonly kafka: TestKafka;
  readonly nginx: Nginx;
  readonly gatewayLog: string;
  readonly sidecarLogs: Readonly<Record<Service, string>>;
}

/** Starts Keycloak, Kafka, NGINX, Envoy, the services and Tourniquet. When one fails, the others are stopped again. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'tourniquet-lab-'));
  const processes = new Processes(folder);
  const stops: (() => Promise<void>)[] = [
    async () => {
      closeConnections();
      await processes.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  ];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      for (const step of stops.reverse()) await step();
    })());
  try {
    return { ...(await start(options, folder, processes, stops)), folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LabOptions,
  folder: string,
  processes: Processes,
  stops: (() => Promise<void>)[],
): Promise<Omit<Lab, 'folder' | 'stop'>> {
  const say = options.onProgress ?? (() => undefined);
  const [keycloakPort = 0, management = 0, api = 0, receiver = 0, ...free] = await freePorts(20);
  const assigned = assignPorts(free);
  const ports: Ports = { ...assigned, edge: options.edgePort ?? assigned.edge };
  const truth = new Truth();
  const neighbours = await startNeighbours(say, folder, processes, stops, ports, keycloakPort, management);
  const { keycloak, kafka } = neighbours;
  const edge = `http://127.0.0.1:${ports.edge}`;
  const driver = new Driver({ edge, issuer: keycloak.issuer, truth });
  const running = await startServices({ ports, truth, ownToken: (service) => driver.serviceToken(service) });
  stops.push(() => running.stop());
  const pager = pagerDutyReceiver();
  const pagerUrl = await pager.start();
  stops.push(() => pager.stop());
  say('starting Tourniquet');
  const tourniquet = await startTourniquet(processes, folder, {
    ...neighbours,
    brokers: kafka.brokers,
    pagerUrl,
    apiPort: options.apiPort ?? api,
    receiverPort: receiver,
    ...(options.config !== undefined && { config: options.config }),
  });
  // Before the broker goes: Tourniquet waits for one that is away, and would be killed in the end.
  stops.push(() => processes.stop());
  const addresses = { api: tourniquet.api, edge, keycloak: keycloak.base, kafka: kafka.brokers.join(',') };
  return { addresses, keycloak, tourniquet, driver, pager, truth };
}

async function startNeighbours(
  say: (text: string) => void,
  folder: string,
  processes: Processes,
  stops: (() => Promise<void>)[],
  ports: Ports,
  keycloakPort: number,
  managementPort: number,
): Promise<Neighbours> {
  say('starting Keycloak (about half a minute), Kafka, NGINX and four Envoys');
  const timed = async <T>(name: string, made: Promise<T>): Promise<T> => {
    const from = Date.now();
    const value = await made;
    say(`${name} is up after ${((Date.now() - from) / 1000).toFixed(1)} s`);
    return value;
  };
  const bringKafka = async (): Promise<TestKafka> => {
    const kafka = await startKafka();
    stops.push(() => kafka.stop());
    return kafka;
  };
  const certificates = makeCertificates(join(folder, 'certificates'), ['gateway', ...services]);
  const sidecarLog = (service: Service): string => join(folder, `sidecar-${service}.json`);
  const gatewayLog = join(folder, 'gateway.log');
  // Keycloak first: a sidecar that finds no keys at its start asks again only after a while.
  const bringKeycloakAndMesh = async (): Promise<{ keycloak: Keycloak; nginx: Nginx }> => {
    const keycloak = await timed('Keycloak', startKeycloak(processes, folder, keycloakPort, managementPort));
    const context: EnvoyContext = { ports, certificates, keycloakPort, issuer: keycloak.issuer };
    const sidecar = (service: Service): Promise<void> =>
      startEnvoy(processes, folder, service, sidecarConfig(context, service, sidecarLog(service)), ports.services[service].admin);
    const [nginx] = await Promise.all([
      startNginx(processes, folder, ports.edge, ports.gateway),
      startEnvoy(processes, folder, 'gateway', gatewayConfig(context, gatewayLog), ports.gatewayAdmin),
      ...services.map(sidecar),
    ]); // prettier-ignore
    return { keycloak, nginx };
  };
  const [kafka, { keycloak, nginx }] = await settleAll(timed('Kafka', bringKafka()), timed('the mesh', bringKeycloakAndMesh()));
  const sidecarLogs = { orders: sidecarLog('orders'), payments: sidecarLog('payments'), inventory: sidecarLog('inventory') };
  return { keycloak, kafka, nginx, gatewayLog, sidecarLogs };
} // prettier-ignore

/** Waits for both even if one fails, so that what the other started is known and can be stopped. */
async function settleAll<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

async function startEnvoy(
  processes: Processes,
  folder: string,
  name: string,
  config: object,
  adminPort: number,
): Promise<void> {
  const program = envoyProgram();
  if (program === undefined) throw new Error('Envoy is not installed; node test/tools/set-up.mjs brings it.');
  const path = join(folder, `envoy-${name}.json`);
  writeFileSync(path, JSON.stringify(config));
  await processes.start(
    {
      name: `envoy-${name}`,
      command: program,
      // Without hot restart no two Envoys share memory; access logs are written at once.
      args: ['-c', path, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning', '--file-flush-interval-msec', '100'],
    },
    async () => (await send({ url: `http://127.0.0.1:${adminPort}/ready` })).status === 200,
    60_000,
  ); // prettier-ignore
}
