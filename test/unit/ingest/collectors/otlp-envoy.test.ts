import { decodeRequest } from '../../../../ingest/collectors/otlp/otlp-messages.js';
import { recordsOf } from '../../../../ingest/collectors/otlp/otlp-records.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { eventsOf } from '../sources/source-kit.js';

const source = envoyFactory.create({});
const line =
  '[2025-05-31T10:11:12.345Z] "GET /orders/7?x=1 HTTP/1.1" 200 - via_upstream - "-" 0 42 5 4 "-" "curl/8" "req-1" "orders.shop" ' +
  '"10.0.0.9:8080" inbound|8080|| 127.0.0.6:1 10.0.0.9:8080 10.0.0.7:4000 outbound_.80_._.orders.shop.svc.cluster.local default\n';
const claims = {
  jwt_iss: 'https://issuer.example',
  jwt_jti: 'jti-1',
  jwt_sub: 'user-1',
};
const attributes = (values: Readonly<Record<string, string>>): object[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const traceId = '5b8aa5a2d2c872e8321cf37308d69df2';

/** What the source makes of one record, in OTLP's JSON form. */
function told(log: object): readonly TokenEvent[] {
  const request = {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '1748686272345678901', ...log }] }] }],
  };
  const decoded = decodeRequest(Buffer.from(JSON.stringify(request)), 'json');
  const { groups } = recordsOf(decoded, [{ name: 'mesh', source, instance: 'mesh' }], 65_536);
  return groups.flatMap(({ records }) => records.flatMap(({ text }) => eventsOf(source, text)));
}

describe('OpenTelemetry access logs of Envoy and Istio', () => {
  it('are the line of text and the labels beside it, which Istio sends together', () => {
    const [event, ...others] = told({ body: { stringValue: line }, attributes: attributes(claims), traceId });
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      time: '2025-05-31T10:11:12.345Z',
      source: { record_type: 'http_text' },
      outcome: 'success',
      token: { identity: 'jwt', jti: 'jti-1', issuer: 'https://issuer.example' },
      principal: { id: 'user-1' },
      target: { method: 'GET', path: '/orders/7', status: 200, service: 'orders', namespace: 'shop' },
      direction: 'inbound',
      trace: { request_id: 'req-1', trace_id: traceId },
    });
  });

  it('are a line alone where no labels are', () => {
    expect(told({ body: { stringValue: line } })[0]?.target?.path).toBe('/orders/7');
  });

  it('are the labels alone where the line is of the operator’s own form or absent', () => {
    const labels = attributes({
      ...claims,
      method: 'GET',
      path: '/a',
      response_code: '403',
      upstream_cluster: 'inbound|80||',
    });
    for (const body of [{ stringValue: 'GET /a 403' }, undefined]) {
      const [event] = told({ ...(body !== undefined && { body }), attributes: labels });
      expect(event).toMatchObject({
        time: '2025-05-31T10:11:12.345Z',
        source: { record_type: 'http' },
        outcome: 'failure',
        token: { jti: 'jti-1' },
        target: { path: '/a', status: 403 },
      });
    }
  });

  it('are a structured body with attributes of filter state and custom tags beside it', () => {
    const values = attributes({
      start_time: '2025-05-31T10:11:13.000Z',
      method: 'GET',
      path: '/b',
      response_code: '200',
    });
    const [event] = told({
      body: { kvlistValue: { values } },
      attributes: attributes({ downstream_peer: '{"workload":"web"}', ...claims }),
    });
    expect(event).toMatchObject({ time: '2025-05-31T10:11:13.000Z', token: { jti: 'jti-1' }, target: { path: '/b' } });
  });

  it.each([
    ['text', line],
    ['JSON', '{"start_time":"2025-05-31T10:11:12.345Z","method":"GET","path":"/orders/7","response_code":200}'],
    ['text of a container', `2025-05-31T10:11:13.000000000Z stdout F ${line.trim()}`],
  ])('are lines of a file that a collector read, as %s', (_, stringValue) => {
    const where = attributes({ 'log.file.path': '/var/log/pods/a.log', logtag: 'F' });
    const [event] = told({ body: { stringValue }, attributes: where, timeUnixNano: '0' });
    expect([event?.time, event?.target?.path]).toEqual(['2025-05-31T10:11:12.345Z', '/orders/7']);
  });

  it('are not the lines of Envoy’s own log', () => {
    const stringValue = '[2025-05-31 10:11:12.345][7][info][main] [source/server/server.cc:1] starting';
    expect(told({ body: { stringValue }, attributes: attributes({ 'log.file.path': '/a' }) })).toEqual([]);
  });

  it('that only say that a request goes on give no event', () => {
    const labels = { ...claims, method: 'GET', path: '/a', response_code: '0' };
    expect(told({ attributes: attributes({ ...labels, access_log_type: 'DownstreamStart' }) })).toEqual([]);
    expect(told({ attributes: attributes({ ...labels, access_log_type: 'DownstreamEnd' }) })).toHaveLength(1);
  });

  it.each(['zz', '00000000000000000000000000000000', 7, null])('trace id %p is none, and the record is read', (id) => {
    const [event] = told({ body: { stringValue: line }, attributes: attributes(claims), traceId: id });
    expect([event?.token?.jti, event?.trace?.trace_id]).toEqual(['jti-1', undefined]);
  });
});
