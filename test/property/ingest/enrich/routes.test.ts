import fc from 'fast-check';
import { DeclaredRoutes } from '../../../../ingest/enrich/routes/declared-routes.js';
import { openApiPaths } from '../../../../ingest/enrich/routes/openapi-paths.js';
import { RouteLearner } from '../../../../ingest/enrich/routes/route-learner.js';
import { templateRoute } from '../../../../ingest/enrich/route-template.js';

const word = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', '{id}', '{*}', '', '__proto__', 'constructor');
const path = fc.array(word, { minLength: 0, maxLength: 5 }).map((words) => `/${words.join('/')}`);
const wild = fc.string({ unit: 'binary', maxLength: 60 });

describe('learnt routes', () => {
  it('depend on the set of the paths and not on their order', () => {
    const limits = { childrenMax: 3, routesMax: 100_000, servicesMax: 10, segmentsMax: 1_000_000 };
    fc.assert(
      fc.property(
        fc
          .uniqueArray(path, { minLength: 1, maxLength: 60 })
          .chain((paths) =>
            fc.tuple(
              fc.constant(paths),
              fc.shuffledSubarray(paths, { minLength: paths.length, maxLength: paths.length }),
            ),
          ),
        ([paths, shuffled]) => {
          const one = new RouteLearner(limits);
          const other = new RouteLearner(limits);
          for (const each of paths) one.routeOf('s', each, true);
          for (const each of shuffled) other.routeOf('s', each, true);
          const settled = (learner: RouteLearner): readonly string[] =>
            paths.map((each) => learner.routeOf('s', each, true));
          expect(settled(one)).toEqual(settled(other));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are never more than the bounds allow, and nothing throws', () => {
    const limits = { childrenMax: 4, routesMax: 20, servicesMax: 3, segmentsMax: 150 };
    const request = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.oneof(path, wild), fc.boolean());
    fc.assert(
      fc.property(fc.array(request, { maxLength: 400 }), (requests) => {
        const learner = new RouteLearner(limits);
        const seen = new Map<string, Set<string>>();
        for (const [service, route, isAnswered] of requests) {
          const given = learner.routeOf(service, templateRoute(route), isAnswered);
          seen.set(service, (seen.get(service) ?? new Set()).add(given));
        }
        // Of the answered and the refused of its own, and as much again of what it shared before it was known.
        for (const routes of seen.values()) expect(routes.size).toBeLessThanOrEqual(4 * (limits.routesMax + 1));
      }),
      { numRuns: 300 },
    );
  });

  it('take time that grows with the number of paths, also when every prefix folds', () => {
    const learner = new RouteLearner();
    const started = performance.now();
    for (let i = 0; i < 100_000; i++) learner.routeOf('s', `/x${i % 997}/y${i % 991}/z${i % 983}/w${i}`, true);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('declared routes', () => {
  it('bear any template and any path', () => {
    const piece = fc.constantFrom('/', '{', '}', '{id}', '{x*}', 'a', '.', ':', '*', '?', '__proto__', '//');
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
      wild,
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.array(text, { maxLength: 8 }), (templates, paths) => {
        const routes = new DeclaredRoutes(templates);
        for (const each of paths) {
          const route = routes.routeOf(each);
          if (route !== undefined) expect(templates).toContain(route);
        }
        expect(routes.size + routes.faults.length).toBe(templates.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('bear any document', () => {
    const tree = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(
        fc.oneof(
          wild,
          tree.map((value) => JSON.stringify({ openapi: '3.1.0', servers: value, paths: value })),
        ),
        (text) => {
          const paths = openApiPaths(text);
          if (!paths.ok) expect(paths.error).not.toBe('');
        },
      ),
      { numRuns: 500 },
    );
  });
});
