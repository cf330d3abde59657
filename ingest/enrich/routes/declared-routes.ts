import { templateSegments } from './path-template.js';

/** The first fault of a declared route. */
export interface RouteFault {
  readonly template: string;
  readonly message: string;
  readonly mend: string;
}

interface Node {
  readonly words: Map<string, Node>;
  /** Segments of words and parameters, such as `report.{format}`, in the order declared. */
  readonly mixed: { readonly parts: readonly string[]; readonly node: Node }[];
  parameter: Node | undefined;
  /** Route of a template that ends here. */
  route: string | undefined;
  /** Route of a template whose last parameter takes the rest of the path. */
  rest: string | undefined;
}

const newNode = (): Node => ({ words: new Map(), mixed: [], parameter: undefined, route: undefined, rest: undefined });

const ROUTES_MAX = 5000;

/**
 * Templates that the operator or an OpenAPI document declares. A path takes the most concrete one, as OpenAPI 3.1 says
 * (Paths Object): a word before a word with parameters before a parameter, from left to right. Pure: the same path has the same
 * route in every collector.
 */
export class DeclaredRoutes {
  readonly faults: readonly RouteFault[];
  readonly #root = newNode();
  #size = 0;

  constructor(templates: readonly string[]) {
    const faults: RouteFault[] = [];
    for (const template of templates) {
      const fault = this.#add(template);
      if (fault !== undefined) faults.push({ template: template.slice(0, 256), ...fault });
    }
    this.faults = faults;
  }

  get size(): number {
    return this.#size;
  }

  #add(template: string): Omit<RouteFault, 'template'> | undefined {
    if (this.#size >= ROUTES_MAX) {
      return { message: `there are more than ${ROUTES_MAX} templates`, mend: 'Declare those that are called.' };
    }
    const segments = templateSegments(template);
    if ('message' in segments) return segments;
    let node = this.#root;
    for (const segment of segments) {
      if (segment.kind === 'rest') {
        node.rest ??= template;
        this.#size += 1;
        return undefined;
      }
      if (segment.kind === 'parameter') node = node.parameter ??= newNode();
      else if (segment.kind === 'word') {
        const next = node.words.get(segment.word) ?? newNode();
        node.words.set(segment.word, next);
        node = next;
      } else {
        const { parts } = segment;
        const same = node.mixed.find((each) => each.parts.join('{}') === parts.join('{}'));
        const next = same?.node ?? newNode();
        if (same === undefined) node.mixed.push({ parts, node: next });
        node = next;
      }
    }
    node.route ??= template;
    this.#size += 1;
    return undefined;
  }

  /** @param path without query; a slash at its end does not count. */
  routeOf(path: string): string | undefined {
    if (this.#size === 0) return undefined;
    const segments = path.split('/', SEGMENTS_MAX + 2).slice(1);
    if (segments.length > SEGMENTS_MAX) return undefined;
    if (segments.length > 1 && segments[segments.length - 1] === '') segments.pop();
    return find(this.#root, segments, 0);
  }
}

const SEGMENTS_MAX = 32;

/** Tries each node of the tree once for a path at the most, since the depth of a node is the place in the path. */
function find(node: Node, segments: readonly string[], at: number): string | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.route;
  const word = node.words.get(segment);
  const byWord = word === undefined ? undefined : find(word, segments, at + 1);
  if (byWord !== undefined) return byWord;
  for (const { parts, node: next } of node.mixed) {
    const route = fits(segment, parts) ? find(next, segments, at + 1) : undefined;
    if (route !== undefined) return route;
  }
  const parameter = segment === '' || node.parameter === undefined ? undefined : find(node.parameter, segments, at + 1);
  return parameter ?? (segment === '' ? undefined : node.rest);
}

/** Whether the words stand in the segment in their order, with one character or more for each parameter between. */
function fits(segment: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
  let at = first.length + 1;
  for (const part of parts.slice(1, -1)) {
    const found = segment.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length + 1;
  }
  return at <= segment.length - last.length;
}
