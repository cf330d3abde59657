import { DeclaredRoutes } from '../../../../ingest/enrich/routes/declared-routes.js';
import { openApiPaths } from '../../../../ingest/enrich/routes/openapi-paths.js';

describe('declared routes', () => {
  const routes = new DeclaredRoutes([
    '/',
    '/users/{user}',
    '/users/me',
    '/users/{user}/orders/{order}',
    '/users/me/orders/last',
    '/reports/{id}.{format}',
    '/reports/{id}',
    '/jobs/{id}:cancel',
    '/files/{path*}',
    '/files/list',
    '/a/{b}/c',
    '/a/x/{d}',
  ]);

  it.each([
    ['/', '/'],
    ['/users/42', '/users/{user}'],
    ['/users/42/', '/users/{user}'],
    ['/users/me', '/users/me'],
    ['/users/me/orders/7', '/users/{user}/orders/{order}'],
    ['/users/me/orders/last', '/users/me/orders/last'],
    ['/reports/7.csv', '/reports/{id}.{format}'],
    ['/reports/7', '/reports/{id}'],
    ['/reports/.csv', '/reports/{id}'],
    ['/jobs/9:cancel', '/jobs/{id}:cancel'],
    ['/jobs/:cancel', undefined],
    ['/files/a/b/c.txt', '/files/{path*}'],
    ['/files/list', '/files/list'],
    ['/files', undefined],
    ['/files/', undefined],
    ['/a/x/c', '/a/x/{d}'],
    ['/a/y/c', '/a/{b}/c'],
    ['/users', undefined],
    ['/users//orders/1', undefined],
    [`/files${'/x'.repeat(40)}`, undefined],
    ['', undefined],
  ])('of %s is %s', (path, route) => {
    expect(routes.faults).toEqual([]);
    expect(routes.routeOf(path)).toBe(route);
  });

  it.each([
    'users/{id}',
    '/a/{b',
    '/a/b}',
    '/a/{b}{c}',
    '/{rest*}/b',
    '/a?b=1',
    '/a b',
    `/${'x'.repeat(1100)}`,
    '/a/{}',
  ])('cannot be %s', (template) => {
    const { faults, size } = new DeclaredRoutes([template]);
    expect(faults).toEqual([{ template: template.slice(0, 256), message: expect.any(String) as string, mend: expect.stringContaining('/v1/users/{id}') as string }]); // prettier-ignore
    expect(size).toBe(0);
  });

  it('are read from OpenAPI, with and without the base paths of the servers', () => {
    const text = `
openapi: 3.1.0
servers:
  - url: https://{region}.example.com/{stage}/shop/
    variables: { region: { default: eu }, stage: { default: v2 } }
  - url: /
paths:
  /orders/{order}: {}
  x-internal: {}
`;
    expect(openApiPaths(text)).toEqual({ ok: true, value: ['/orders/{order}', '/v2/shop/orders/{order}'] });
    const swagger = JSON.stringify({ swagger: '2.0', basePath: '/api', paths: { '/a/{b}': {} } });
    expect(openApiPaths(swagger)).toEqual({ ok: true, value: ['/a/{b}', '/api/a/{b}'] });
  });

  it.each([
    '',
    '{',
    'a: [',
    '7',
    '{"paths":{}}',
    '{"openapi":"3.1.0"}',
    '{"openapi":"3.1.0","paths":{}}',
    `a: ${'['.repeat(20_000)}`,
  ])('are not read from %.40s', (text) => {
    expect(openApiPaths(text)).toEqual({ ok: false, error: expect.any(String) as string });
  });
});
