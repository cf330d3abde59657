import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeliveryRepository } from '../../../api/alerts/store-repository.js';
import { finding } from '../../support/alert-fixtures.js';
import { pagerDutyReceiver, SLACK_PATH, slackReceiver } from '../../support/contract-receiver.js';
import { defineAlerts } from '../../../api/cli/commands/alerts.js';
import { defineSuppressions } from '../../../api/cli/commands/suppressions.js';
import { runVerb, type CliRun } from '../../support/run-verb.js';
import { apiOn, keys, type ApiFixture } from '../api/api-fixture.js';
import { emptyStore, type SeededStore } from '../api/seeded-store.js';

describe('tourniquet alerts, against an API whose process holds the store', () => {
  let seeded: SeededStore;
  let api: ApiFixture;
  let url = '';

  beforeAll(async () => {
    seeded = await emptyStore();
    api = await apiOn(seeded.store);
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await api.app.close();
    await seeded.close();
  });

  const cli = (args: readonly string[], env: Record<string, string> = {}): Promise<CliRun> =>
    runVerb(defineAlerts, ['alerts', ...args], { TOURNIQUET_URL: url, ...env });
  const responder = { TOURNIQUET_API_KEY: keys.responder };

  it('suppresses what is known, lists it and ends it', async () => {
    const run = (args: readonly string[]): Promise<CliRun> =>
      runVerb(defineSuppressions, ['suppressions', ...args], { TOURNIQUET_URL: url, ...responder });
    expect(await run(['list'])).toEqual({ code: 0, stdout: '', stderr: 'No suppressions.\n' });
    const until = new Date(api.clock.ms + 86_400_000 * 80).toISOString();
    const common = ['--until', until, '--reason', 'load\u001b[2J test'];
    const blind = await run(['add', ...common]);
    expect([blind.code, blind.stderr]).toEqual([1, expect.stringContaining('names neither detector')]);
    const added = await run(['add', '--detector', 'travel', '--address', '198.51.100.0/24', ...common]);
    expect(added.stdout).toMatch(/detector=travel address=198\.51\.100\.0\/24 {2}up to high .* load.*test\n$/);
    expect(added.stdout).not.toContain('\u001b');
    const uid = added.stdout.split(' ')[0] ?? '';
    expect((await run(['list', '--all'])).stdout).toBe(added.stdout);
    expect((await run(['remove', uid])).stdout).toMatch(new RegExp(`^${uid} {2}ended 2026-01-05T`));
    expect((await run(['list'])).stdout).toBe('');
  });

  it('lists, shows and decides, with exit codes for scripts', async () => {
    expect(await cli(['list', '--check'])).toEqual({ code: 0, stdout: '', stderr: 'No alerts.\n' });
    const hostile = { token_name: 'ci\u001b[2J', summary: 'Much\nmore than usual.' };
    const [alert] = await api.alerts.accept([finding(0, hostile)]);
    const uid = alert?.alert_uid ?? '';

    const listed = await cli(['list', '--state', 'open', '--check']);
    expect([listed.code, listed.stdout.trim().split('\n')]).toEqual([
      2,
      [expect.stringContaining(`${uid}  medium  open`)],
    ]);
    expect(listed.stdout).not.toContain('\u001b');
    const shown = await cli(['show', uid]);
    expect(shown.stdout).toMatch(/since.*2026-01-05T12:00:00\.000Z[\s\S]*next[\s\S]*SELECT count[\s\S]*history/);
    expect(JSON.parse((await cli(['show', uid, '--json'])).stdout)).toMatchObject({ alert_uid: uid, state: 'open' });

    const nobody = await cli(['acknowledge', uid, '--reason', 'x']);
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/needs the role responder.*--api-key-file/),
    ]);
    const missing = '00000000-0000-8000-8000-000000000000';
    const taken = await cli(['acknowledge', missing, uid, '--reason', 'looking'], responder);
    expect([taken.code, taken.stdout]).toEqual([1, `${uid}  acknowledged\n`]);
    expect(taken.stderr).toContain(missing);
    expect((await cli(['suppress', uid, '--reason', 'load test'], responder)).stdout).toContain(
      'suppressed until 2026-01-06',
    );
    expect((await cli(['reopen', uid, '--reason', 'not over'], responder)).stdout).toBe(`${uid}  open\n`);
    expect((await cli(['resolve', uid, '--reason', 'rotated'], responder)).stdout).toBe(`${uid}  resolved\n`);
    const final = await cli(['reopen', uid, '--reason', 'again'], responder);
    expect([final.code, final.stdout]).toEqual([1, '']);
  });

  it('lists dead deliveries and owes them again', async () => {
    const outbox = createDeliveryRepository(seeded.store.querier, seeded.store.writer);
    const [alert] = await api.alerts.accept([finding(600, { entity_uid: `tok_${'D'.repeat(22)}` })]);
    const owed = (await outbox.pending(100)).find((one) => one.alert_uid === alert?.alert_uid);
    expect(owed).toBeDefined();
    const uid = owed?.delivery_uid ?? '';
    await outbox.save([
      { ...owed!, state: 'dead', last_reason: 'answered 410', attempts: 1, version: owed!.version + 1 },
    ]);
    const dead = await cli(['deliveries', '--state', 'dead']);
    expect(dead.stdout).toMatch(new RegExp(`^${uid}  dead  soc .*answered 410\n$`));
    expect((await cli(['retry'], responder)).code).toBe(1);
    const before = api.enqueued.length;
    const again = await cli(['retry', '--all-dead', '--destination', 'soc'], responder);
    expect([again.code, again.stdout]).toEqual([0, `${uid}  pending  soc\n`]);
    expect(api.enqueued.slice(before).map((one) => one.delivery_uid)).toEqual([uid]);
    expect((await cli(['retry', '--all-dead'], responder)).stderr).toBe('No dead deliveries.\n');
  });

  it('says when nothing answers', async () => {
    const run = await cli(['list', '--url', 'http://127.0.0.1:9']);
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('tourniquet up')]);
  });

  it('tries each destination for real, says what it answered, and never the secret', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tourniquet alerts '));
    const pager = pagerDutyReceiver();
    const chat = slackReceiver();
    const routingKey = 'R0123456789abcdefABCDEF012345678';
    const config = join(directory, 'tourniquet.yaml');
    const lines = [
      'alerts:',
      '  destinations:',
      `    - { name: oncall, kind: pagerduty, url: '${await pager.start()}', routing_key_file: '${join(directory, 'key')}' }`,
      `    - { name: channel, kind: slack, url_file: '${join(directory, 'url')}' }`,
    ];
    await writeFile(join(directory, 'key'), `${routingKey}\n`);
    await writeFile(join(directory, 'url'), await chat.start());
    await writeFile(config, lines.join('\n'));
    try {
      const runs = [
        await cli(['test', 'oncall', '--config', config]),
        await cli(['test', 'channel', '--config', config]),
      ];
      expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual([
        [0, 'oncall  test  taken, answered 202\noncall  resolved  taken, answered 202\n'],
        [0, 'channel  test  taken, answered 200\n'],
      ]);
      expect([...pager.calls, ...chat.calls].flatMap((call) => call.faults)).toEqual([]);
      const events = pager.calls.map((call) => call.body as { event_action: string; dedup_key: string });
      expect(events.map((event) => event.event_action)).toEqual(['trigger', 'resolve']);
      expect(events[0]?.dedup_key).toBe(events[1]?.dedup_key);
      expect(chat.calls[0]?.text).toContain('[TEST]');
      chat.played.push({ status: 404, body: 'no_service' });
      runs.push(await cli(['test', 'channel', '--config', config]), await cli(['test', 'nobody', '--config', config]));
      expect(runs.slice(2).map(({ code }) => code)).toEqual([1, 1]);
      expect(runs[2]?.stdout).toMatch(/not taken: answered 404 no_service: .*url_file/);
      expect(runs[3]?.stderr).toContain('oncall, channel');
      expect(JSON.stringify(runs)).not.toMatch(new RegExp(`${routingKey}|${SLACK_PATH}`));
    } finally {
      await Promise.all([pager.stop(), chat.stop()]);
      await rm(directory, { recursive: true, force: true });
    }
  });
});
