import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiAddress } from '../../../../api/cli/api-address.js';

describe('where the API of a command is', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tourniquet address '));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const configured = (api: string): string => {
    const file = join(directory, 'tourniquet.yaml');
    // A key, since others than loopback addresses need one.
    writeFileSync(file, `api: { ${api}, anonymous_role: null, keys: [{ name: a, role: admin, sha256: '${'0'.repeat(64)}' }] }`);
    return file;
  }; // prettier-ignore

  it('is named by --url, else by the environment, else by the configuration', () => {
    const config = configured('port: 9001');
    const env = { TOURNIQUET_URL: 'https://in.the.environment/' };
    expect(apiAddress({ url: 'http://named:1/', config }, env)).toBe('http://named:1');
    expect(apiAddress({ config }, env)).toBe('https://in.the.environment');
    expect(apiAddress({ config }, {})).toBe('http://127.0.0.1:9001');
    expect(apiAddress({ config }, { TOURNIQUET_API_PORT: '9002' })).toBe('http://127.0.0.1:9002');
    expect(apiAddress({}, {})).toBe('http://127.0.0.1:8420');
  });

  it.each([
    ['localhost', 'http://localhost:80'],
    ['10.1.2.3', 'http://10.1.2.3:80'],
    ["'fd00::7'", 'http://[fd00::7]:80'],
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ["'::'", 'http://[::1]:80'],
    ["'0:0:0:0:0:0:0:0'", 'http://[::1]:80'],
  ])('of api.host %s it is %s', (host, address) => {
    expect(apiAddress({ config: configured(`host: ${host}, port: 80`) }, {})).toBe(address);
  });

  it('is asked for where it cannot be told', () => {
    expect(() => apiAddress({ config: configured('port: 0') }, {})).toThrow('api.port 0');
    expect(() => apiAddress({ url: 'ftp://x' }, {})).toThrow('no http or https URL');
    // What is named needs no configuration.
    expect(apiAddress({ url: 'http://x', config: configured('port: 0') }, {})).toBe('http://x');
    expect(apiAddress({ url: 'http://x', config: join(directory, 'none') }, {})).toBe('http://x');
  });
});
