import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withIssuerBase } from '../../../../api/cli/actions/issuer-base.js';

const folder = mkdtempSync(join(tmpdir(), 'tq-base-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (product: string, name: string, content: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, source: { name: product, product, options: {} } };
};
const line = (iss: string): string => `${JSON.stringify({ time: '2026-01-05T09:00:00Z', jwt_claim_iss: iss })}\n`;
const keycloak = file('keycloak', 'keycloak.log', 'type="LOGIN"\n');
const unconfigured = (): boolean => false;
const optionsOf = async (...others: (typeof keycloak)[]): Promise<unknown> =>
  (await withIssuerBase([keycloak, ...others], unconfigured)).files[0]!.source.options;

describe('the address of a Keycloak that nobody configured', () => {
  it('is read from the claims of the log beside it, compressed or not', async () => {
    const plain = file('nginx', 'a.json', line('https://id.example.com/realms/shop'));
    const packed = file('envoy', 'b.json.gz', gzipSync(line('https://id.example.com/realms/staff')));
    expect(await optionsOf(plain)).toEqual({ base: 'https://id.example.com' });
    expect(await optionsOf(plain, packed)).toEqual({ base: 'https://id.example.com' });
    const { notice } = await withIssuerBase([keycloak, plain], unconfigured);
    expect(notice).toContain('https://id.example.com');
  });

  it('keeps the old prefix, and reads JSON in a text', async () => {
    const log = file(
      'nginx',
      'c.json',
      JSON.stringify({ message: line('http://sso.example.com:8080/auth/realms/shop') }),
    );
    expect(await optionsOf(log)).toEqual({ base: 'http://sso.example.com:8080/auth' });
  });

  it.each([
    ['two addresses', line('https://a.example.com/realms/shop') + line('https://b.example.com/realms/shop')],
    ['no token of a Keycloak', line('https://example.okta.com/oauth2/default')],
    [
      'only a page of its sign-in',
      '"GET / HTTP/1.1" 200 5 "https://a.example.com/realms/shop/protocol/openid-connect/auth"\n',
    ],
  ])('is left open by %s', async (name, content) => {
    expect(await optionsOf(file('nginx', `${name}.json`, content))).toEqual({});
  });

  it('of a configured source is the configured one', async () => {
    const plain = file('nginx', 'd.json', line('https://id.example.com/realms/shop'));
    const { files, notice } = await withIssuerBase([keycloak, plain], ({ source }) => source.product === 'keycloak');
    expect([files[0]!.source.options, notice]).toEqual([{}, undefined]);
  });

  it('is asked of no file where the log is alone, and a file that is not there is left to the replay', async () => {
    expect(await optionsOf()).toEqual({});
    expect(
      await optionsOf({
        ...keycloak,
        path: join(folder, 'none'),
        source: { name: 'nginx', product: 'nginx', options: {} },
      }),
    ).toEqual({});
  });
});
