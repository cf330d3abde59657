import type { AddressInfo } from 'node:net';
import { defineExplain } from '../../../api/cli/commands/explain.js';
import type { Explanation } from '../../../api/explain/explain.js';
import { runVerb } from '../../support/run-verb.js';
import { apiOn, getFrom, type ApiFixture } from './api-fixture.js';
import { seededStore, tokens, traffic, type SeededStore } from './seeded-store.js';

describe('/v1/explain/{id} on the real store', () => {
  let seeded: SeededStore;
  let api: ApiFixture;

  beforeAll(async () => {
    seeded = await seededStore();
    api = await apiOn(seeded.store);
  });
  afterAll(async () => {
    await api.app.close();
    await seeded.close();
  });

  const get = getFrom(() => api);

  type Told = Extract<Explanation, { kind: 'token' }>;
  const ofC = traffic().find((event) => event.token?.token_uid === tokens[2])!;

  it('walks a token, and its last event, through both stages', async () => {
    const told = await get<Told>(`/v1/explain/${tokens[2]}?days=1`);
    expect(told).toMatchObject({
      kind: 'token',
      token: { token_uid: tokens[2] },
      last: { event: { event_uid: ofC.event_uid } },
    });
    expect(told.last?.stages.map(({ stage, entityUid, eventsBefore }) => [stage, entityUid, eventsBefore])).toEqual([
      ['token', tokens[2], 0],
      // Whatever token A, of the same principal, did in those ten hours less the last.
      ['principal', ofC.principal?.principal_uid, 9 * 60],
    ]);
    const event = await get<{ kind: string }>(`/v1/explain/${ofC.event_uid}?days=1`);
    expect(event).toEqual({ kind: 'event', ...told.last });
    const none = await get<Told>(`/v1/explain/${tokens[2]}?days=0`);
    expect(none.last?.stages[1]).toMatchObject({ stage: 'principal', eventsBefore: 0, since: null });
  });

  it('knows nothing of other ids, refuses what is none, and makes one at a time', async () => {
    const uid = '00000000-0000-8000-8000-000000000000';
    expect(await get(`/v1/explain/${uid}`, 404)).toMatchObject({ code: 'TQ_NOT_FOUND' });
    expect(await get(`/v1/explain/tok_x'%20OR%201`, 400)).toMatchObject({ code: 'TQ_REQUEST_INVALID' });
    expect(await get(`/v1/explain/${uid}?days=91`, 400)).toMatchObject({ code: 'TQ_REQUEST_INVALID' });
    const both = await Promise.all([1, 2].map(() => api.app.inject({ url: `/v1/explain/${tokens[0]}` })));
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 429]);
  });

  it('is what `tourniquet explain --url` tells', async () => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const args = ['explain', tokens[2], '--url', `http://127.0.0.1:${port}`];
    const words = await runVerb(defineExplain, args, {});
    expect([words.code, words.stderr]).toEqual([0, '']);
    expect(words.stdout).toContain(`token ${tokens[2]}`);
    expect(words.stdout).toContain(`principal stage: ${ofC.principal?.principal_uid}, 540 events since`);
    expect(words.stdout).toMatch(/ {2}rate: nothing to report .*\n {4}requests: observed 1, /);
    const json = await runVerb(defineExplain, [...args, '--json', '--days', '1'], {});
    expect(JSON.parse(json.stdout)).toEqual(await get(`/v1/explain/${tokens[2]}?days=1`));
    const wrong = await runVerb(defineExplain, [...args, '--days', '91'], {});
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('--days 91')]);
  });
});
