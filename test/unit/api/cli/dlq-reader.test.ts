import { readerOf } from '../../../../api/cli/actions/dlq.js';
import { loadConfig } from '../../../../api/config/load-config.js';

describe('who reads a dead letter again', () => {
  const loaded = loadConfig('sources: [{ name: edge, product: nginx, clock_offset: 2s }]', {});
  const sources = loaded.ok ? loaded.value.sources : [];

  it('is the source that is configured for it, else its product as it comes', () => {
    expect(readerOf({ product: 'nginx', instance: 'edge' }, sources)).toMatchObject({ clockOffsetMs: 2000 });
    expect(readerOf({ product: 'vault', instance: 'v' }, sources)).toMatchObject({ instance: 'v' });
  });

  it('is nobody for stray records of a transport, which must not stop the replay of the others', () => {
    for (const product of ['otlp', 'als', 'syslog', 'generic', undefined]) {
      expect(readerOf({ ...(product !== undefined && { product }), instance: 'edge' }, sources)).toBeUndefined();
    }
  });
});
