import { createEventEnricher } from '../../../../ingest/enrich/event-enricher.js';
import { DeclaredRoutes } from '../../../../ingest/enrich/routes/declared-routes.js';
import { defaultRouteLimits, RouteLearner } from '../../../../ingest/enrich/routes/route-learner.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { eventOf } from '../sources/source-kit.js';

const limits = { ...defaultRouteLimits, childrenMax: 3 };
const learn = (learner: RouteLearner, ...routes: readonly string[]): readonly string[] =>
  routes.map((route) => learner.routeOf('shop', route, true));

describe('bounded routes', () => {
  it('fold a prefix that too many different segments follow, those seen before too', () => {
    const learner = new RouteLearner(limits);
    expect(learn(learner, '/t/ann/x', '/t/bob/y', '/t/cid', '/t/dot/z')).toEqual([
      '/t/ann/x',
      '/t/bob/y',
      '/t/cid',
      '/t/{*}/z',
    ]);
    expect(learn(learner, '/t/ann/x', '/t/eve/q', '/u')).toEqual(['/t/{*}/x', '/t/{*}/{*}', '/u']);
    expect(learn(learner, '/t/ann/x')).toEqual(['/t/{*}/{*}']);
  });

  it('of refused requests do not fold those that are answered', () => {
    const learner = new RouteLearner(limits);
    learn(learner, '/login', '/orders/{id}');
    const guesses = ['/admin', '/wp', '/.git', '/env', '/x'].map((route) => learner.routeOf('shop', route, false));
    expect(guesses).toEqual(['/admin', '/wp', '/.git', '/{*}', '/{*}']);
    expect(learner.routeOf('shop', '/orders/{id}', false)).toBe('/orders/{id}');
    expect(learn(learner, '/login')).toEqual(['/login']);
  });

  it('of a service stop at a number, and services that nobody knows share one tree', () => {
    const learner = new RouteLearner({ ...defaultRouteLimits, routesMax: 2, servicesMax: 1 });
    expect(learn(learner, '/a', '/b', '/c', '/a')).toEqual(['/a', '/b', '/{*}', '/a']);
    const others = ['one', 'two', 'three'].map((host) => learner.routeOf(host, `/${host}`, true));
    expect(others).toEqual(['/one', '/two', '/{*}']);
  });

  it('stop at a number of segments of all services together', () => {
    const learner = new RouteLearner({ ...defaultRouteLimits, segmentsMax: 2 });
    expect(learn(learner, '/a/b', '/a/c', '/d', '/a/b')).toEqual(['/a/b', '/a/{*}', '/{*}', '/a/b']);
  });
});

describe('the route of an event', () => {
  const source = nginxFactory.create({ service: 'shop' });
  const line = (path: string, status = 200): string =>
    `203.0.113.9 - - [01/Jun/2025:12:00:00 +0000] "GET ${path} HTTP/1.1" ${status} 5 "-" "curl/8.5"`;

  it('is the declared one where there is one, else the bounded guess', () => {
    const enricher = createEventEnricher(undefined, { learner: new RouteLearner(limits) });
    const binding = { source, instance: 'edge', routes: new DeclaredRoutes(['/pets/{pet}/toys/{toy}']) };
    const routeOf = (path: string, status?: number): string | undefined =>
      enricher.enrich(eventOf(source, line(path, status)), binding).target?.route;
    expect(routeOf('/pets/rex/toys/ball?x=1')).toBe('/pets/{pet}/toys/{toy}');
    expect(['/p/ann', '/p/bob', '/p/cid', '/p/dot'].map((path) => routeOf(path))).toEqual([
      '/p/ann',
      '/p/bob',
      '/p/cid',
      '/p/{*}',
    ]);
    expect(routeOf('/p/never', 404)).toBe('/p/{*}');
    expect(routeOf('/orders/42')).toBe('/orders/{id}');
  });

  it('stands in an event whose time is corrected only when that is configured', () => {
    const enricher = createEventEnricher(undefined);
    const event = eventOf(source, line('/a'));
    expect(enricher.enrich(event, { source, instance: 'edge' }).time).toBe(event.time);
    const corrected = enricher.enrich(event, { source, instance: 'edge', clockOffsetMs: -1500 });
    expect(corrected.time).toBe('2025-06-01T11:59:58.500Z');
    expect(corrected.observed_time).toBe(event.observed_time);
    expect(corrected.attributes).toContainEqual({ key: 'clock_offset_ms', value: '-1500' });
  });

  it('leaves an event alone that has none', () => {
    // An address that is nobody's in particular, and no program: nothing else is added either.
    const plain = line('/a').replace('203.0.113.9', '9.9.9.9').replace('curl/8.5', '-');
    const bare = { ...eventOf(source, plain), target: { path: '/a' } };
    expect(createEventEnricher(undefined).enrich(bare, { source, instance: 'edge' })).toBe(bare);
  });
});
