import { validateEvent } from '../../../../../ingest/event/event-codec.js';
import { envoyFactory } from '../../../../../ingest/sources/envoy/source.js';
import { readCases, testContext, valueAt } from '../shared/case-table.js';

describe('envoy records', () => {
  it.each(readCases('envoy').map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const result = envoyFactory.create(row.options ?? {}).parse(row.raw, testContext);
    if (row.error !== undefined) {
      expect(result).toMatchObject({ ok: false, error: { product: 'envoy', field: row.error.field } });
      return;
    }
    if (!result.ok) throw new Error(`${result.error.field}: ${result.error.message}`);
    if (row.none === true) {
      expect(result.value).toEqual([]);
      return;
    }
    expect(result.value).toHaveLength(1);
    const [event] = result.value;
    expect(validateEvent(event)).toMatchObject({ ok: true });
    const expected = Object.entries(row.expect ?? {});
    expect(expected.length).toBeGreaterThan(0);
    const seen = expected.map(([path, want]) => {
      const value = valueAt(event, path);
      return [path, want === null && value === undefined ? null : want === true && value !== undefined ? true : value];
    });
    expect(Object.fromEntries(seen)).toEqual(row.expect);
  });

  it('gives the same event for the same record at the same place, and another uid elsewhere', () => {
    const source = envoyFactory.create({});
    const raw = readCases('envoy').find((row) => row.expect !== undefined)?.raw ?? '';
    const first = source.parse(raw, testContext);
    const elsewhere = source.parse(raw, { ...testContext, position: { container: 'file-1', offset: 99 } });
    expect(source.parse(raw, testContext)).toEqual(first);
    expect(first.ok && elsewhere.ok && first.value[0]?.event_uid === elsewhere.value[0]?.event_uid).toBe(false);
  });

  it.each([
    [{ format: 'csv' }],
    [{ fields: { a: 'no such meaning' } }],
    [{ trusted_proxies: ['10.0.0.0/99'] }],
    [{ unknown: 1 }],
    ['text'],
  ])('refuses the options %j with a mend', (options) => {
    expect(() => envoyFactory.create(options)).toThrow(expect.objectContaining({ code: 'TQ_CONFIG_INVALID' }) as Error);
  });
});
