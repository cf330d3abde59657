import type { MapEdge } from '../lib/api-types.js';

/** Draws the edges behind the boxes. Everything it shows stands in words in the tables as well. */
export interface Box {
  /** Pixels within the stage. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface EdgePicture {
  readonly edges: readonly MapEdge[];
  readonly boxes: ReadonlyMap<string, Box>;
  /** Edges of this box stand out; null for none. */
  readonly emphasised: string | null;
}

interface Stroke {
  readonly colour: string;
  readonly width: number;
  readonly alpha: number;
  readonly dash: readonly number[];
  readonly double: boolean;
}

/** Colours are custom properties of the style sheet, so that light and dark are said in one place. */
const colours = [
  '--edge',
  '--edge-alert',
  '--edge-new',
  '--edge-more',
  '--edge-less',
  '--edge-gone',
  '--surface',
] as const;
type Colours = Readonly<Record<(typeof colours)[number], string>>;

const WIDTH_MIN = 1;
const WIDTH_MAX = 5;
const FAINT = 0.16;

export function drawEdges(canvas: HTMLCanvasElement, picture: EdgePicture): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = window.devicePixelRatio;
  const { clientWidth, clientHeight } = canvas;
  canvas.width = Math.round(clientWidth * ratio);
  canvas.height = Math.round(clientHeight * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  const palette = readColours(canvas);
  const busiest = Math.max(2, ...picture.edges.map((edge) => edge.requests));
  const ends = spreadEnds(picture);
  const ordered = [...picture.edges].sort((a, b) => importance(a) - importance(b));
  for (const edge of ordered) {
    const place = ends.get(edge);
    if (place === undefined) continue;
    const { emphasised } = picture;
    const touched = emphasised === null || edge.source === emphasised || edge.target === emphasised;
    stroke(context, place, strokeOf(edge, palette, busiest, touched, emphasised !== null), palette['--surface']);
  }
}

const importance = (edge: MapEdge): number => (edge.alert !== null ? 2 : edge.state === 'steady' ? 0 : 1);

function readColours(element: Element): Colours {
  const style = window.getComputedStyle(element);
  return Object.fromEntries(colours.map((name) => [name, style.getPropertyValue(name).trim()])) as unknown as Colours;
}

/** Width by the logarithm of calls; style by state: new dashed and heavy, gone dotted, alerting double. */
function strokeOf(edge: MapEdge, palette: Colours, busiest: number, touched: boolean, dimming: boolean): Stroke {
  const share = Math.log(1 + edge.requests) / Math.log(1 + busiest);
  const width = WIDTH_MIN + (WIDTH_MAX - WIDTH_MIN) * share * share;
  const alpha = touched ? 1 : FAINT;
  if (edge.alert !== null) {
    return { colour: palette['--edge-alert'], width: Math.max(5, width), alpha, dash: [], double: true };
  }
  const plain = { alpha, double: false };
  switch (edge.state) {
    case 'new':
      return { ...plain, colour: palette['--edge-new'], width: Math.max(2.5, width), dash: [9, 5] };
    case 'gone':
      return { ...plain, colour: palette['--edge-gone'], width: 1.5, dash: [1.5, 5] };
    case 'more':
      return { ...plain, colour: palette['--edge-more'], width: Math.max(2, width), dash: [] };
    case 'less':
      return { ...plain, colour: palette['--edge-less'], width: Math.max(1.5, width), dash: [] };
    case 'steady':
      return { ...plain, colour: palette['--edge'], width, dash: [], alpha: touched ? (dimming ? 1 : 0.75) : FAINT };
  }
}

interface Ends {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Edges leave a box spread over its side, in the order of their other ends, so that they cross as little as may be. */
function spreadEnds({ edges, boxes }: EdgePicture): ReadonlyMap<MapEdge, Ends> {
  const middle = (id: string): number => {
    const box = boxes.get(id);
    return box === undefined ? 0 : (box.top + box.bottom) / 2;
  };
  const drawn = edges.filter((edge) => boxes.has(edge.source) && boxes.has(edge.target));
  const offsets = (near: (edge: MapEdge) => string, far: (edge: MapEdge) => string): Map<MapEdge, number> => {
    const sides = new Map<string, MapEdge[]>();
    for (const edge of drawn) sides.set(near(edge), [...(sides.get(near(edge)) ?? []), edge]);
    const found = new Map<MapEdge, number>();
    for (const [id, list] of sides) {
      const box = boxes.get(id);
      if (box === undefined) continue;
      list.sort((a, b) => middle(far(a)) - middle(far(b)));
      const room = (box.bottom - box.top) * 0.64;
      const step = Math.min(7, room / Math.max(1, list.length - 1));
      for (const [index, edge] of list.entries()) found.set(edge, middle(id) + (index - (list.length - 1) / 2) * step);
    }
    return found;
  };
  const starts = offsets(
    (edge) => edge.source,
    (edge) => edge.target,
  );
  const stops = offsets(
    (edge) => edge.target,
    (edge) => edge.source,
  );
  return new Map(
    drawn.map((edge) => [
      edge,
      {
        x1: boxes.get(edge.source)?.right ?? 0,
        y1: starts.get(edge) ?? 0,
        x2: boxes.get(edge.target)?.left ?? 0,
        y2: stops.get(edge) ?? 0,
      },
    ]),
  );
}

function stroke(context: CanvasRenderingContext2D, ends: Ends, style: Stroke, surface: string): void {
  const { x1, y1, x2, y2 } = ends;
  const bend = (x2 - x1) * 0.48;
  const path = new Path2D();
  path.moveTo(x1, y1);
  path.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  context.globalAlpha = style.alpha;
  context.setLineDash([...style.dash]);
  context.lineCap = style.dash.length > 0 && (style.dash[0] ?? 0) < 2 ? 'round' : 'butt';
  context.strokeStyle = style.colour;
  context.lineWidth = style.width;
  context.stroke(path);
  if (!style.double) return;
  context.globalAlpha = 1;
  context.strokeStyle = surface;
  context.lineWidth = style.width - 3.4;
  context.stroke(path);
}
