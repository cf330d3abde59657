import { templateRoute } from '../../../../ingest/enrich/route-template.js';

describe('templateRoute', () => {
  it.each([
    ['/', '/'],
    ['', ''],
    ['/health', '/health'],
    ['/users/42', '/users/{id}'],
    ['/users/42/', '/users/{id}/'],
    ['/v1/users/007/orders/12345678901234567890', '/v1/users/{id}/orders/{id}'],
    ['/api/v2beta1/x', '/api/v2beta1/x'],
    ['/a/0b2b7ed3-17f7-4fd4-8b3a-0123456789ab', '/a/{uuid}'],
    ['/a/0B2B7ED3-17F7-4FD4-8B3A-0123456789AB', '/a/{uuid}'],
    ['/commit/da39a3ee5e6b4b0d3255bfef95601890afd80709', '/commit/{hash}'],
    ['/x/507f1f77bcf86cd799439011', '/x/{hash}'],
    ['/x/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/x/{id}'],
    ['/r/2024-01-02', '/r/{date}'],
    ['/host/203.0.113.7', '/host/{ip}'],
    ['/u/alice@example.com', '/u/{email}'],
    ['/u/alice%40example.com/x', '/u/{email}/x'],
    ['/orders/order-12345', '/orders/order-{id}'],
    ['/blog/how-to-rotate-a-key-without-tears', '/blog/{slug}'],
    ['/static/3f4a5b6c7d8e.js', '/static/{hash}.js'],
    ['/static/app.js', '/static/app.js'],
    ['/oauth2/token', '/oauth2/token'],
    ['/reset/[redacted]/x', '/reset/[redacted]/x'],
    ['/a;jsessionid=1/b', '/a/b'],
    ['//a//1', '//a//{id}'],
  ])('makes of %s the route %s', (path, route) => {
    expect(templateRoute(path)).toBe(route);
  });

  it('bounds depth and length', () => {
    const deep = templateRoute('/a'.repeat(40));
    expect(deep).toBe(`${'/a'.repeat(16)}/{*}`);
    expect(templateRoute(`/${'x1'.repeat(5000)}`).length).toBeLessThan(64);
  });

  it('is the same for a route made of a route', () => {
    for (const path of ['/users/42/orders/order-77', '/u/a@b.example/2024-01-02']) {
      expect(templateRoute(templateRoute(path))).toBe(templateRoute(path));
    }
  });

  it.each(['1', 'a1-', '@', '%40', '.', 'a.', '-', '/1'])('is quick on repetitions of %j', (piece) => {
    const started = process.cpuUsage();
    for (let i = 0; i < 20; i++) templateRoute(`/${piece.repeat(50_000)}`);
    const { user, system } = process.cpuUsage(started);
    expect(user + system).toBeLessThan(2_000_000);
  });
});
