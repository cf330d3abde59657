import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startCli } from '../../support/run-cli.js';

const key = 'push-key-of-the-test';
const line = (n: number): string =>
  `192.0.2.7 - - [10/Oct/2026:13:55:${String(n % 60).padStart(2, '0')} +0000] "GET /v1/orders/${String(n)} HTTP/1.1" 200 12 "-" "curl/8.5.0"`;

interface MapAnswer {
  readonly edges: readonly { readonly requests: number }[];
}

describe('tourniquet up', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet up '));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('tails a file, reads a pipe and takes pushes on both ports, counts each record once over a restart, and drains on SIGTERM', async () => {
    const log = join(folder, 'access.log');
    const config = join(folder, 'tourniquet.yaml');
    writeFileSync(log, `${[1, 2, 3].map(line).join('\n')}\n`);
    writeFileSync(
      config,
      [
        `data_dir: '${join(folder, 'data')}'`,
        'receivers: { port: 0 }',
        'sources:',
        `  - { name: edge, product: nginx, input: { kind: file, paths: ['${log}'] } }`,
        `  - { name: pushed, product: nginx, input: { kind: http, api_key_sha256: ${createHash('sha256').update(key).digest('hex')} } }`,
        '  - { name: piped, product: nginx, input: { kind: stdin } }',
        '',
      ].join('\n'),
    );
    const requests = async (api: string): Promise<number> => {
      const window = 'from=2026-10-10T00:00:00.000Z&to=2026-10-11T00:00:00.000Z';
      const answer = await fetch(`${api}/v1/map?${window}`);
      const map = (await answer.json()) as MapAnswer;
      if (answer.status !== 200) throw new Error(JSON.stringify(map));
      return map.edges.length === 0 ? 0 : Math.max(...map.edges.map((e) => e.requests));
    };
    const until = async (api: string, wanted: number): Promise<void> => {
      for (let i = 0; i < 300 && (await requests(api)) !== wanted; i += 1) await delay(100);
      expect(await requests(api)).toBe(wanted);
    };

    /** SIGHUP: suppressions and observed detectors change while all goes on; a faulty file changes nothing. */
    const takesOver = async (
      running: ChildProcess,
      api: string,
      file: string,
      heard: () => string,
      push: () => void,
    ): Promise<void> => {
      const listed = async (): Promise<readonly string[]> => {
        const { items } = (await (await fetch(`${api}/v1/suppressions`)).json()) as {
          items: { suppression_uid: string }[];
        };
        return items.map(({ suppression_uid }) => suppression_uid);
      };
      expect(await listed()).toEqual([]);
      const text = readFileSync(file, 'utf8');
      const more =
        'alerts: { suppressions: [{ name: scan, address: 192.0.2.0/24, reason: ours }] }\ndetectors: { observe: [rate] }\n';
      writeFileSync(file, `${text}${more}`);
      running.kill('SIGHUP');
      for (let i = 0; i < 100 && (await listed()).length === 0; i += 1) await delay(50);
      expect(await listed()).toEqual(['config:scan', 'observe:rate']);
      writeFileSync(file, `${text}alerts: { suppressions: [{ name: scan }] }\n`);
      running.kill('SIGHUP');
      await delay(300);
      expect(await listed()).toEqual(['config:scan', 'observe:rate']);
      // Detectors begin anew with other settings, and go on from where they were.
      writeFileSync(file, `${text}detectors: { rate: { threshold: 5 } }\n`);
      running.kill('SIGHUP');
      for (let i = 0; i < 300 && !heard().includes('the detectors run with new settings'); i += 1) await delay(50);
      expect(heard()).toContain('the detectors run with new settings');
      expect(heard().split('"needs_restart":[]').length).toBe(3);
      push();
      await until(api, 9);
      writeFileSync(file, text);
    };

    for (const round of [0, 1]) {
      const child = startCli(['up', '--config', config]);
      // Waits in the pipe while the engine makes its tables: nobody but the source may read it. The second time it is known.
      child.stdin?.end(`${line(7)}\n${line(8)}\n`);
      let said = '';
      const addresses = await new Promise<{ api: string; receiver: string }>((resolve, reject) => {
        child.once('close', () => reject(new Error(said)));
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          const api = /"address":"(http:[^"]+)"/.exec(said)?.[1];
          const receiver = /"receiver":"(http:[^"]+)"/.exec(said)?.[1];
          if (api !== undefined && receiver !== undefined) resolve({ api, receiver });
        });
      });
      if (round === 0) {
        await until(addresses.api, 5);
        appendFileSync(log, `${line(4)}\n`);
        const body = gzipSync(`${line(5)}\n${line(6)}\n`);
        const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip', authorization: `Bearer ${key}` };
        for (const base of [addresses.receiver, addresses.api, addresses.api]) {
          const answer = await fetch(`${base}/v1/events?source=pushed`, { method: 'POST', headers, body });
          expect([base, answer.status]).toEqual([base, 202]);
        }
        const refused = await fetch(`${addresses.api}/v1/events?source=pushed`, { method: 'POST', body: line(9) });
        expect(refused.status).toBe(401);
        await takesOver(
          child,
          addresses.api,
          config,
          () => said,
          () => appendFileSync(log, `${line(10)}\n`),
        );
      }
      await until(addresses.api, 9);
      child.removeAllListeners('close');
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      expect([await ended, said.split('\n').filter((line) => line.includes('"level":50'))]).toEqual([0, []]);
    }
  }, 120_000);

  it('a worker alone hears SIGHUP and goes on, also while it waits for its log', async () => {
    const config = join(folder, 'tourniquet.yaml');
    writeFileSync(config, `data_dir: '${join(folder, 'data')}'\nlog: { kind: kafka, brokers: ['127.0.0.1:1'] }\n`);
    const child = startCli(['worker', '--config', config]);
    try {
      let said = '';
      const heard = (words: string): Promise<void> =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (said.includes(words)) resolve();
          };
          child.once('close', () => reject(new Error(`ended: ${said}`)));
          child.stderr?.on('data', look);
          look();
        });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
      await heard('is away; trying again');
      child.kill('SIGHUP');
      await heard('this process takes nothing of it over');
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    } finally {
      child.removeAllListeners('close').kill('SIGKILL');
    }
  }, 120_000);
});
