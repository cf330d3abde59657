// NGINX access lines of the demo's made-up mesh: `combined` with the token's claims and the request time as
// key=value pairs behind it, as ingest/sources/nginx/README.md proposes for proxies that know the claims.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { nginxLine, sampleIssuer } from '#built/api/demo/log-lines.js';
import { createSampleTraffic } from '#built/api/demo/sample-traffic.js';
import { nginxFactory } from '#built/ingest/sources/nginx/source.js';

const HOUR_MS = 3_600_000;
const LINES_A_WRITE = 1000;
const TOKENS = 300;

export const nginxSource = () => nginxFactory.create({});

/** The last `count` requests, planted attacks included, oldest first. */
export function createLines(count) {
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  let days = 1;
  /** @type {ReturnType<typeof createSampleTraffic>['requests']} */
  let requests = [];
  while (requests.length < count) {
    requests = createSampleTraffic(endMs, days, TOKENS).requests;
    days = Math.ceil((days * count * 1.05) / Math.max(1, requests.length)) + (requests.length < count ? 1 : 0);
  }
  return requests.slice(-count).map(line);
}

function line(r) {
  const { jti, name } = r.holder;
  return `${nginxLine(r)} request_time=${(r.durationMs / 1000).toFixed(3)} jwt_iss=${sampleIssuer} jwt_jti=${jti} jwt_sub=${name}`;
}

/** JSON lines with a time of milliseconds, for the measurement of latency and of many tokens. */
export function jsonLine(timeMs, token, path) {
  return JSON.stringify({
    msec: (timeMs / 1000).toFixed(3),
    remote_addr: `10.1.${(token >> 8) & 255}.${token & 255}`,
    request_method: 'GET',
    request_uri: path,
    status: '200',
    body_bytes_sent: '512',
    request_time: '0.012',
    jwt_claim_iss: sampleIssuer,
    jwt_claim_jti: `token-${token}`,
    jwt_claim_sub: `user-${token}`,
  });
}

/** Requests of tokens by turns, spread over the half hour that began an hour ago. */
export function writeTokenLines(path, tokens, requests) {
  const start = Date.now() - HOUR_MS;
  function* blocks() {
    for (let from = 0; from < requests; from += LINES_A_WRITE) {
      const length = Math.min(LINES_A_WRITE, requests - from);
      const lines = Array.from({ length }, (_, n) => {
        const at = start + Math.floor((((from + n) / requests) * HOUR_MS) / 2);
        return jsonLine(at, (from + n) % tokens, '/v1/items');
      });
      yield `${lines.join('\n')}\n`;
    }
  }
  return pipeline(Readable.from(blocks()), createWriteStream(path));
}
