import type { FastifyInstance } from 'fastify';

interface Route {
  /** Segments of its path; null for one that takes any value. */
  readonly segments: readonly (string | null)[];
  readonly methods: Set<string>;
}

/** Which methods there are at an address; the router tells only that it has none for what was asked. */
export class KnownRoutes {
  readonly #routes = new Map<string, Route>();

  /** Before any route is registered. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const segments = url.split('/').map((segment) => (segment.startsWith(':') ? null : segment));
      const route = this.#routes.get(url) ?? { segments, methods: new Set() };
      this.#routes.set(url, route);
      for (const one of [method].flat()) route.methods.add(one);
    });
  }

  /** @param url with or without a query. */
  methodsOf(url: string): readonly string[] {
    const asked = (url.split('?', 1)[0] ?? '').split('/');
    const methods = new Set<string>();
    for (const { segments, methods: own } of this.#routes.values()) {
      if (segments.length !== asked.length) continue;
      if (segments.every((segment, n) => segment === asked[n] || (segment === null && asked[n] !== '')))
        for (const method of own) methods.add(method);
    }
    return [...methods].sort();
  }
}
