/** Any segment, or the rest of a path. */
const ANY = '{*}';
const OVERFLOW = `/${ANY}`;

export interface RouteLimits {
  /** Different segments after one prefix; with one more all of them become `{*}`. */
  readonly childrenMax: number;
  /** Routes of one service, of answered and of refused requests each; further ones become `/{*}`. */
  readonly routesMax: number;
  /** Services that have routes of their own; all further ones share one. */
  readonly servicesMax: number;
  /** Segments kept of all services. */
  readonly segmentsMax: number;
}

export const defaultRouteLimits: RouteLimits = {
  childrenMax: 128,
  routesMax: 1000,
  servicesMax: 2000,
  segmentsMax: 200_000,
};

interface Segment {
  readonly children: Map<string, Segment>;
}

/** Vault's routes begin with their mount and not with a slash. */
function partsOf(route: string): { readonly lead: string; readonly names: string[] } {
  const lead = route.startsWith('/') ? '/' : '';
  return { lead, names: route.slice(lead.length).split('/') };
}

const newSegment = (): Segment => ({ children: new Map() });
const isFolded = (segment: Segment): boolean => segment.children.has(ANY);

/**
 * Bounds the routes of services. The segments of a service make a tree; where more than `childrenMax` different ones follow
 * a prefix, they are a parameter that no pattern told, and all become `{*}`, those seen before too.
 *
 * Which prefixes are folded depends on the set of the paths alone and not on their order, so collectors that see the same
 * paths come to the same routes, each on its own; only the first events of a prefix bear the finer route. `routesMax` is a
 * second bound, first come first served. No clock and no chance: the same events in the same order give the same routes.
 */
export class RouteLearner {
  readonly #limits: RouteLimits;
  readonly #services = new Map<string, ServiceRoutes>();
  readonly #others: ServiceRoutes;
  readonly #budget: { segments: number };

  constructor(limits: RouteLimits = defaultRouteLimits) {
    this.#limits = limits;
    this.#budget = { segments: limits.segmentsMax };
    this.#others = new ServiceRoutes(limits, this.#budget);
  }

  /**
   * @param route the path with its variable parts templated by their shape.
   * @param isAnswered false for what was refused or not found: guesses of a scanner must not fold the routes of its victim,
   *   so they make a tree of their own.
   */
  routeOf(service: string, route: string, isAnswered: boolean): string {
    let routes = this.#services.get(service);
    if (routes === undefined) {
      // Names of hosts come from clients: only one that answered is worth a tree of its own.
      if (!isAnswered || this.#services.size >= this.#limits.servicesMax) routes = this.#others;
      else {
        routes = new ServiceRoutes(this.#limits, this.#budget);
        this.#services.set(service, routes);
      }
    }
    return routes.routeOf(route, isAnswered);
  }
}

class ServiceRoutes {
  readonly #answered: RouteTree;
  readonly #refused: RouteTree;

  constructor(limits: RouteLimits, budget: { segments: number }) {
    this.#answered = new RouteTree(limits, budget);
    this.#refused = new RouteTree(limits, budget);
  }

  routeOf(route: string, isAnswered: boolean): string {
    if (isAnswered) return this.#answered.learn(route);
    return this.#answered.find(route) ?? this.#refused.learn(route);
  }
}

class RouteTree {
  readonly #limits: RouteLimits;
  readonly #budget: { segments: number };
  readonly #root = newSegment();
  readonly #given = new Set<string>();

  constructor(limits: RouteLimits, budget: { segments: number }) {
    this.#limits = limits;
    this.#budget = budget;
  }

  /** The route by what is known, if all of it is. */
  find(route: string): string | undefined {
    const { lead, names } = partsOf(route);
    const out: string[] = [];
    let segment = this.#root;
    for (const name of names) {
      const key = isFolded(segment) ? ANY : name;
      const next = segment.children.get(key);
      if (next === undefined) return undefined;
      out.push(key);
      segment = next;
    }
    return this.#admitted(lead + out.join('/'));
  }

  learn(route: string): string {
    const { lead, names } = partsOf(route);
    let segment = this.#root;
    for (const [depth, name] of names.entries()) {
      const next = this.#child(segment, name);
      if (next === undefined) return this.#admitted(lead + [...names.slice(0, depth), ANY].join('/'));
      if (isFolded(segment)) names[depth] = ANY;
      segment = next;
    }
    return this.#admitted(lead + names.join('/'));
  }

  #admitted(route: string): string {
    if (this.#given.has(route)) return route;
    if (this.#given.size >= this.#limits.routesMax) return OVERFLOW;
    this.#given.add(route);
    return route;
  }

  /** The child of that name, made if need be; undefined when no more segments may be kept. */
  #child(segment: Segment, name: string): Segment | undefined {
    const known = segment.children.get(isFolded(segment) ? ANY : name);
    if (known !== undefined) return known;
    if (this.#budget.segments <= 0) return undefined;
    if (name === ANY) this.#fold(segment);
    else {
      this.#budget.segments -= 1;
      segment.children.set(name, newSegment());
      if (segment.children.size > this.#limits.childrenMax) this.#fold(segment);
    }
    return segment.children.get(isFolded(segment) ? ANY : name);
  }

  #fold(segment: Segment): void {
    const children = [...segment.children.values()];
    segment.children.clear();
    const any = newSegment();
    this.#budget.segments -= 1;
    segment.children.set(ANY, any);
    for (const child of children) this.#merge(any, child);
  }

  /** Puts the children of `from`, which is given up, below `into`. */
  #merge(into: Segment, from: Segment): void {
    this.#budget.segments += 1;
    if (isFolded(from) && !isFolded(into)) this.#fold(into);
    for (const [name, child] of from.children) {
      const known = into.children.get(isFolded(into) ? ANY : name);
      if (known !== undefined) this.#merge(known, child);
      else {
        into.children.set(name, child);
        if (into.children.size > this.#limits.childrenMax) this.#fold(into);
      }
    }
  }
}
