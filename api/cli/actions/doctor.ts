import { statfsSync } from 'node:fs';
import { pino } from 'pino';
import { systemClock } from '../../../ingest/core/clock.js';
import { AppError, describeError } from '../../../ingest/core/errors.js';
import { topics } from '../../../ingest/log/event-log.js';
import type { Store } from '../../../ingest/store/store.js';
import type { Config } from '../../config/schema.js';
import { newestKeyId } from '../../queries/newest-key-id.js';
import { readConfig } from '../config-file.js';
import { openFingerprinter } from '../fingerprint-keys.js';
import { Lifecycle } from '../lifecycle.js';
import type { Surroundings } from '../open-parts.js';
import { createSurroundings, ensureDataDir, openGeo, openLog, openStore } from '../open-parts.js';
import { tryKafkaTopic } from '../kafka-input.js';
import { trySubscription } from '../pubsub-input.js';
import { tryS3 } from '../s3-input.js';
import { tryPoll } from '../poll-inputs.js';
import { syslogAddress } from '../syslog-inputs.js';
import { readServerTls } from '../server-tls.js';
import { webhookRule } from '../webhook-inputs.js';
import type { Terminal } from '../terminal.js';

const freeBytesMin = 1 << 30;
/** Tokens are judged by their own times; more than this and expiry checks are wrong. */
const clockSkewMaxMs = 5_000;

/** Checks one thing after the other and goes on, so that one run names every mend. Exit code 1 if any check fails. */
export async function examine(
  options: { readonly config?: string; readonly data?: string },
  terminal: Terminal,
): Promise<void> {
  const check = async (name: string, body: () => Promise<string> | string): Promise<boolean> => {
    try {
      terminal.out(`ok    ${name.padEnd(14)} ${await body()}`);
      return true;
    } catch (error) {
      terminal.out(`FAIL  ${name.padEnd(14)} ${describeError(error)}`);
      terminal.setExitCode(1);
      return false;
    }
  };
  let config: Config | undefined;
  await check('configuration', () => {
    const read = readConfig(options.config, terminal.env);
    config = options.data === undefined ? read : { ...read, data_dir: options.data };
    return `${String(config.sources.length)} source(s), log ${config.log.kind}, store ${config.store.kind}`;
  });
  if (config === undefined) return;
  const lifecycle = new Lifecycle();
  const logger = pino({ level: 'silent' });
  const s = createSurroundings({ config, lifecycle, clock: systemClock, logger, random: Math.random });
  try {
    await check('data directory', () => dataDirectory(s));
    await check('keys', () => `active fingerprint key ${openFingerprinter(s.config).keyId}`);
    await check('geo database', async () => {
      const geo = await openGeo(s);
      return geo === undefined ? 'switched off' : geo.descriptions.join(', ');
    });
    await check('event log', async () => {
      const offsets = await (await openLog(s)).offsets(topics.tokenEvents);
      const records = offsets.reduce((sum, o) => sum + (o.high - o.low), 0n);
      return `${String(offsets.length)} partitions, ${String(records)} records kept`;
    });
    let migrated: Store | undefined;
    await check('store', async () => {
      const store = await openStore(s, { migrate: false });
      const pending = (await store.migrator.status()).filter((m) => !m.applied);
      if (pending.length === 0) migrated = store;
      return pending.length === 0
        ? 'tables are up to date'
        : `${String(pending.length)} migration(s) pending; they run at start, or with \`tourniquet migrate\``;
    });
    const { querier } = migrated ?? {};
    if (querier !== undefined) await check('stored names', () => keyOfStored(s.config, querier));
    for (const { name, input } of s.config.sources) {
      if (input?.kind === 'poll') await check(`input ${name}`, () => tryPoll(s, input));
      if (input?.kind === 's3') await check(`input ${name}`, () => tryS3(s, input));
      if (input?.kind === 'pubsub') await check(`input ${name}`, () => trySubscription(input, s.clock));
      if (input?.kind === 'kafka') await check(`input ${name}`, () => tryKafkaTopic(s, input));
    }
    await check('receivers', () => receivers(s.config));
    await check('clock', () => clockAgainstStore(s));
  } finally {
    await lifecycle.stop(10_000);
  }
}

/** Tokens that were named with a key that is gone are other tokens from now on, and nothing else tells it. */
async function keyOfStored(config: Config, querier: Store['querier']): Promise<string> {
  const [row] = await querier.run(newestKeyId, {});
  if (row === undefined || row.events === 0) return 'no token is stored yet';
  const { keyId, previous } = openFingerprinter(config);
  const known = [keyId, ...previous.map((key) => key.keyId)];
  if (known.includes(row.fp_key_id)) return `the newest tokens are named with key ${row.fp_key_id}`;
  throw new AppError(
    'TQ_KEY_INVALID',
    `The newest stored tokens are named with key ${row.fp_key_id}, and the key file has ${known.join(', ')}: each of them is another token from now on.`,
    { mend: 'Name the key file that the collectors had (fingerprint.key_file), or keep its line below the new one.' },
  );
}

/** What the collectors will listen with; certificates are read, ports are not taken. */
function receivers({ receivers, sources }: Config): string {
  const inputs = sources.flatMap(({ input }) => input ?? []);
  const needsGrpc = inputs.some((i) => i.kind === 'als' || (i.kind === 'otlp' && i.protocols.includes('grpc')));
  const needsHttp = inputs.some(
    (i) => i.kind === 'http' || i.kind === 'webhook' || (i.kind === 'otlp' && i.protocols.includes('http')),
  );
  for (const { product, input } of sources) if (input?.kind === 'webhook') webhookRule(product, input);
  const { host, port } = receivers.grpc;
  const [plain, secured] = [readServerTls(receivers.tls), readServerTls(receivers.grpc.tls)];
  const grpc = needsGrpc ? [`gRPC on ${host}:${String(port)}${secured === undefined ? '' : ', TLS'}`] : [];
  const http = needsHttp
    ? [`HTTP${plain === undefined ? '' : 'S'} on ${receivers.host}:${String(receivers.port)}`]
    : [];
  const listening = inputs.flatMap((input) => (input.kind === 'syslog' ? syslogAddress(input) : []));
  if (listening.length > 0) readServerTls(receivers.syslog.tls);
  return [...http, ...grpc, ...new Set(listening)].join('; ') || 'none needed';
}

function dataDirectory(s: Surroundings): string {
  ensureDataDir(s.config);
  const { bavail, bsize } = statfsSync(s.config.data_dir);
  const free = bavail * bsize;
  if (free < freeBytesMin) {
    throw new AppError('TQ_DISK_FULL', `Only ${String(Math.round(free / 1e6))} MB are free for ${s.config.data_dir}.`, {
      mend: 'Free some space, or move data_dir.',
    });
  }
  return `${s.config.data_dir}, ${String(Math.round(free / 1e9))} GB free`;
}

/** A remote store's Date header is the only other clock at hand; the embedded one shares ours. */
async function clockAgainstStore(s: Surroundings): Promise<string> {
  if (s.config.store.kind === 'embedded') return 'the embedded store shares this clock';
  const before = s.clock.nowMs();
  const response = await fetch(new URL('/ping', s.config.store.url));
  const theirs = Date.parse(response.headers.get('date') ?? '');
  const skew = Number.isNaN(theirs) ? 0 : Math.abs(theirs - (before + s.clock.nowMs()) / 2);
  if (skew > clockSkewMaxMs) {
    throw new AppError(
      'TQ_CONFIG_INVALID',
      `This clock and ClickHouse's differ by ${String(Math.round(skew / 1000))} s.`,
      {
        mend: 'Synchronise both with NTP.',
      },
    );
  }
  return `within ${String(clockSkewMaxMs / 1000)} s of the store's`;
}
