import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tabledFactories } from '../unit/ingest/sources/shared/case-table.js';
import { goodCases, plantEverywhere } from './planted-records.js';

/** Made-up secrets in the shapes that real ones have, and the records of every source that carry them everywhere. */
export const canaries = {
  opaque: 'canary-Zx81QmPq7Lw2Vn5Tk9Rd3Yh6',
  github: 'ghp_Canary0123456789abcdefABCDEF01234567',
  vault: 'hvs.CAESICanaryAbCdEf0123456789AbCdEf0123456789',
  slack: ['xoxb', '123456789012', 'CanaryAbCdEf0123456789'].join('-'),
  awsSecret: 'wJalrXUtnFEMIK7MDENGbPxRfiCYCanaryKEY1AB',
  jwtSignature: 'Q2FuYXJ5LXNpZ25hdHVyZS0wMTIzNDU2Nzg5LWNhbmFyeQ',
} as const;

/** What the inputs themselves show to others: as little to be found anywhere. */
export const ownSecrets = {
  apiToken: 'own-Poller7Token2Qw9Er4Ty6Ui1Op3As5',
  clientSecret: 'own-Client8Secret4Zx2Cv6Bn1Mq7We5Rt',
  issuedToken: 'own-Issued3Token9Lk8Jh5Gf2Ds6Aa1Po4',
  hookSecret: 'own-Hook5Secret1Yt6Re3Wq8Ui2Op9Ls7Kd',
  awsKey: 'own7Aws4Secret2Key9Nb6Vc3Xz8Lk1Jh5Gf0Ds',
} as const;

const claims = Buffer.from(JSON.stringify({ iss: 'https://id.example.com', sub: 'canary', jti: 'j-1' })).toString(
  'base64url',
);
export const canaryJwt = `eyJhbGciOiJSUzI1NiJ9.${claims}.${canaries.jwtSignature}`;

const basic = Buffer.from(`user:${canaries.opaque}`).toString('base64');
const values = [
  ...Object.values(canaries).slice(0, 4),
  canaryJwt,
  encodeURIComponent(`x&access_token=${canaries.opaque}`),
];

interface CanaryFile {
  readonly source: string;
  readonly name: string;
  readonly lines: readonly string[];
  /** What the generic source is told of them. */
  readonly mapping?: unknown;
}

const handWritten: readonly CanaryFile[] = [
  {
    source: 'nginx',
    name: 'nginx.log',
    lines: values.flatMap((v) => [
      `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /cb?access_token=${v}&next=1 HTTP/1.1" 200 5 "https://x.example/?token=${v}" "curl/8 Bearer ${v}"`,
      `192.0.2.1 - - [10/Oct/2026:13:55:37 +0000] "GET /cb?api_key=${v} HTTP/1.1" 401 5 "-" "token=${v}"`,
      `broken line with Authorization: Bearer ${v} and Basic ${basic} and password=${v}`,
    ]),
  },
  {
    source: 'envoy',
    name: 'envoy.log',
    lines: values.flatMap((v) => [
      JSON.stringify({
        start_time: '2026-10-10T13:55:36.000Z', method: 'GET', path: `/a?token=${v}`, response_code: 200, authority: 'a.example',
        authorization: `Bearer ${v}`, user_agent: `agent access_token=${v}`, request_id: 'r-1', downstream_remote_address: '192.0.2.1:40000',
      }), // prettier-ignore
      `{"start_time":"2026-10-10T13:55:36.000Z","authorization":"Bearer ${v}"`,
    ]),
  },
  {
    source: 'keycloak',
    name: 'keycloak.log',
    lines: values.flatMap((v) => [
      `2026-10-10 13:55:36,000 WARN  [org.keycloak.events] (executor-thread-1) type="LOGIN_ERROR", realmId="r", clientId="c", userId="u", ipAddress="192.0.2.1", error="invalid_user_credentials", redirect_uri="https://x.example/?code=${v}&access_token=${v}", password="${v}"`,
      `2026-10-10 13:55:36,000 WARN  [org.keycloak.events] type=, =, password="${v}`,
    ]),
  },
  {
    source: 'vault',
    name: 'vault.log',
    lines: values.flatMap((v) => [
      JSON.stringify({
        time: '2026-10-10T13:55:36.123456789Z', type: 'response',
        auth: { client_token: 'hmac-sha256:0123', accessor: 'hmac-sha256:4567', display_name: 'token', policies: ['default'] },
        request: { id: 'q-1', operation: 'read', path: 'secret/data/a', data: { password: v }, headers: { authorization: [`Bearer ${v}`] }, remote_address: '192.0.2.1' },
        response: { data: { secret: v } }, error: `denied for token=${v}`,
      }), // prettier-ignore
      `{"time":"2026-10-10T13:55:36Z","type":"response","request":{"client_token":"${v}"`,
    ]),
  },
  {
    source: 'cloudtrail',
    name: 'cloudtrail.json',
    lines: values.flatMap((v, i) => [
      JSON.stringify({
        eventVersion: '1.09', eventID: `00000000-0000-4000-8000-00000000000${String(i)}`, eventTime: '2026-10-10T13:55:36Z', eventSource: 'sts.amazonaws.com',
        eventName: 'AssumeRole', awsRegion: 'eu-west-1', sourceIPAddress: '192.0.2.1', userAgent: `aws-cli password=${v}`,
        userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/a', accountId: '123456789012', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userName: 'a' },
        requestParameters: { password: v, externalId: v },
        responseElements: { credentials: { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: canaries.awsSecret, sessionToken: v } },
      }), // prettier-ignore
      `{"eventName":"AssumeRole","responseElements":{"credentials":{"secretAccessKey":"${canaries.awsSecret}","sessionToken":"${v}"`,
    ]),
  },
];

/** The record once for each of its parts, with a canary there: another one each time. */
export function plantedLines(raw: string): readonly string[] {
  return plantEverywhere(raw, '@').map(({ where }, i) => {
    const value = values[i % values.length] ?? '';
    const text = i % 2 === 0 ? `https://x.example/cb?access_token=${value}` : `Bearer ${value}`;
    return plantEverywhere(raw, text).find((record) => record.where === where)?.raw ?? '';
  });
}

/** The first record of a source's table with a canary in each of its parts in turn, and one that breaks off. */
function planted(source: string): CanaryFile {
  const { mapping } = goodCases(source)[0]?.options ?? {};
  const [row] = goodCases(source).filter((candidate) => mapping !== undefined || candidate.options === undefined);
  const raw = row?.raw ?? '';
  const lines = plantedLines(raw);
  const broken = `${raw.slice(0, -1)} token=${canaries.opaque}`;
  return { source, name: `${source}.log`, lines: [...lines, broken], ...(mapping !== undefined && { mapping }) };
}

/** One file per source; the last lines of each are broken on purpose, so that dead letters are searched as well. */
export const canaryFiles: readonly CanaryFile[] = [
  ...handWritten,
  ...tabledFactories
    .map((factory) => factory.product)
    .filter((product) => !handWritten.some((file) => file.source === product))
    .map(planted),
];

/** Where the mapping of such a source lies. */
export const mappingPath = (folder: string, source: string): string => join(folder, 'logs', `${source}-mapping.json`);

/** The records of a source as they lie in its file. */
export const linesOf = (source: string): readonly string[] =>
  canaryFiles.find((file) => file.source === source)?.lines ?? [];

/** Writes the files to `<folder>/logs`. */
export function writeCanaryFiles(folder: string): void {
  mkdirSync(join(folder, 'logs'));
  for (const { source, name, lines, mapping } of canaryFiles) {
    writeFileSync(join(folder, 'logs', name), `${lines.join('\n')}\n`);
    if (mapping !== undefined) writeFileSync(mappingPath(folder, source), JSON.stringify(mapping));
  }
}

/** The forms in which a secret could stand somewhere: as it is, percent-encoded, hex, base64 at each of three offsets. */
function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(shift === 0 ? 0 : 4, -2);
  });
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('hex').toUpperCase(),
      ...shifted,
      ...shifted.map((t) => t.replaceAll('+', '-').replaceAll('/', '_')),
    ]),
  ];
}

const needles = Object.entries({ ...canaries, ...ownSecrets }).flatMap(([name, secret]) =>
  formsOf(secret).map((form) => ({ name, bytes: Buffer.from(form) })),
);

/** Names of the canaries that stand in the bytes. */
export function canariesIn(bytes: Buffer | string): readonly string[] {
  const haystack = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return [...new Set(needles.filter((n) => haystack.includes(n.bytes)).map((n) => n.name))];
}

/** Files below a folder that hold a canary, with its name. */
export function canariesOnDisk(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      return canariesIn(readFileSync(path)).map((name) => `${name} in ${path}`);
    });
}
