import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineDrill } from '../../../api/cli/commands/drill.js';
import { pagerDutyReceiver, slackReceiver } from '../../support/contract-receiver.js';
import { startUp } from '../../support/run-cli.js';
import { runVerb } from '../../support/run-verb.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('tourniquet drill', () => {
  it('is detected and delivered by a running instance, marked, and told only where drills are wanted', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tourniquet drill '));
    const pager = pagerDutyReceiver();
    const chat = slackReceiver();
    const file = async (name: string, content: string): Promise<string> => {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    };
    const keyFile = await file('pager.key', 'R0123456789abcdefABCDEF012345678');
    const urlFile = await file('chat.url', await chat.start());
    const config = await file(
      'tourniquet.yaml',
      [
        `data_dir: '${join(directory, 'data')}'`,
        'receivers: { port: 0 }',
        'sources:',
        `  - { name: drill, product: nginx, instance: tourniquet-drill, input: { kind: http, api_key_sha256: ${sha256('push')} } }`,
        `api: { keys: [{ name: boss, role: admin, sha256: ${sha256('admin')} }] }`,
        'alerts:',
        '  destinations:',
        `    - { name: oncall, kind: pagerduty, url: '${await pager.start()}', routing_key_file: '${keyFile}', severity_min: low }`,
        `    - { name: channel, kind: slack, url_file: '${urlFile}', severity_min: low, drills: false }`,
      ].join('\n'),
    );
    const { child: running, address: url } = await startUp(config);
    try {
      // The port is part of the configuration, over which it goes: no --url is needed.
      const env = { TOURNIQUET_API_KEY: 'admin', TOURNIQUET_PUSH_KEY: 'push', TOURNIQUET_API_PORT: new URL(url).port };
      const args = ['drill', '--config', config, '--within', '120', '--json'];
      const run = await runVerb(defineDrill, args, env);
      expect([run.code, run.stderr]).toEqual([0, '']);
      const report = JSON.parse(run.stdout) as {
        attacks: { attack: string; detected_s: number; delivered_s: number }[];
      };
      expect(report).toMatchObject({ detected: 3, sent: 3 });
      const oncall = { deliveries: { oncall: 'delivered' } };
      expect(report.attacks).toMatchObject([
        { attack: 'honeytoken', events: 1, severity: 'critical', ...oncall },
        { attack: 'guessing', events: 40, ...oncall },
        { attack: 'volume', events: 600, ...oncall },
      ]);
      for (const attack of report.attacks) expect(attack.delivered_s).toBeGreaterThanOrEqual(attack.detected_s);
      expect(pager.calls.flatMap((call) => call.faults)).toEqual([]);
      expect(pager.calls.every((call) => call.text.includes('"summary":"[DRILL] '))).toBe(true);
      // A free port was asked for; links name the one that was bound.
      const links = pager.calls.flatMap(({ body }) => (body as { links?: { href: string }[] }).links ?? []);
      expect(links.length).toBeGreaterThan(0);
      expect(links.filter(({ href }) => !href.startsWith(`${url}/`))).toEqual([]);
      expect(chat.calls).toEqual([]);

      const decoys = await fetch(`${url}/v1/honeytokens`, { headers: { authorization: 'Bearer admin' } });
      expect(await decoys.json()).toMatchObject({
        items: [{ name: expect.stringMatching(/^drill /) as string, removed_at: expect.any(String) as string }],
      });
      const wrong = await runVerb(defineDrill, args, { ...env, TOURNIQUET_PUSH_KEY: 'guess' });
      const lost = await runVerb(defineDrill, args, { ...env, TOURNIQUET_API_PORT: '0' });
      expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('--url or TOURNIQUET_URL')]);
      expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([1, '', expect.stringContaining('API key')]);
    } finally {
      const ended = new Promise((resolve) => running.once('close', resolve));
      running.kill('SIGTERM');
      await ended;
      await Promise.all([pager.stop(), chat.stop()]);
      await rm(directory, { recursive: true, force: true });
    }
  }, 300_000);
});
