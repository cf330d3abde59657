import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trySubscription } from '../../../../api/cli/pubsub-input.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { PubSubServer, subscriptionName } from '../../../support/pubsub-server.js';

describe('doctor of a subscription', () => {
  const server = new PubSubServer();
  let folder = '';
  const path = (): string => join(folder, 'key.json');
  const ask = (): Promise<string> =>
    trySubscription({ subscription: subscriptionName, url: server.origin, secret_file: path() }, systemClock);
  beforeAll(async () => {
    await server.start();
    folder = mkdtempSync(join(tmpdir(), 'tq-pubsub-'));
    const { clientEmail, privateKey, tokenUri } = server.key;
    writeFileSync(path(), JSON.stringify({ client_email: clientEmail, private_key: privateKey, token_uri: tokenUri }));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('asks with the key file whether it may be read, and takes no message', async () => {
    server.publish({ data: 'e30=' });
    expect(await ask()).toBe(`${subscriptionName} may be read`);
    server.permissions = [];
    await expect(ask()).rejects.toMatchObject({
      code: 'TQ_SOURCE_REFUSED',
      mend: expect.stringContaining('Subscriber') as string,
    });
    expect([server.asked, server.breaches]).toEqual([[], []]);
  });

  it('says what a key file has to be, and nothing of it', async () => {
    writeFileSync(path(), '{"private_key": "part of the key"}');
    const error = await ask().catch((fault: unknown) => fault);
    expect(error).toMatchObject({ code: 'TQ_CONFIG_INVALID' });
    expect(String(error)).not.toContain('part of the key');
  });
});
