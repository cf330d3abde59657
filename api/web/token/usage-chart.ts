import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Alert, Baseline } from '../lib/api-types.js';
import { clock, count, day, parse } from '../lib/format.js';
import { GUTTER_PX, MARGIN_PX } from './chart-frame.js';

/** The chart by itself; loaded with the first token page, so that the map does not wait for it. */
interface UsageChart {
  /** Puts the cursor on an hour. */
  readonly point: (index: number) => void;
  readonly drop: () => void;
}

interface ChartInput {
  readonly baseline: Baseline;
  readonly alerts: readonly Alert[];
  readonly width: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly onPoint: (index: number | null) => void;
}

const HEIGHT_PX = 176;
const HOUR_S = 3600;

const colour = (element: Element, name: string): string =>
  window.getComputedStyle(element).getPropertyValue(name).trim();

export function drawUsage(mount: HTMLElement, input: ChartInput): UsageChart {
  const draw = (): uPlot => new uPlot(optionsOf(mount, input), dataOf(input.baseline), mount);
  let plot = draw();
  const scheme = window.matchMedia('(prefers-color-scheme: dark)');
  const redraw = (): void => {
    plot.destroy();
    plot = draw();
  };
  scheme.addEventListener('change', redraw);
  return {
    point: (index) => {
      const time = plot.data[0][index];
      if (time === undefined) return;
      plot.setCursor({ left: plot.valToPos(time, 'x'), top: HEIGHT_PX / 3 }, false);
    },
    drop: () => {
      scheme.removeEventListener('change', redraw);
      plot.destroy();
    },
  };
}

function dataOf({ hours, threshold }: Baseline): uPlot.AlignedData {
  const upper = hours.map((hour) =>
    hour.expected === null || hour.spread === null ? null : hour.expected + threshold * hour.spread,
  );
  const lower = hours.map((hour) =>
    hour.expected === null || hour.spread === null ? null : Math.max(0, hour.expected - threshold * hour.spread),
  );
  return [
    hours.map((hour) => parse(hour.time) / 1000),
    upper,
    lower,
    hours.map((hour) => hour.requests),
    hours.map((hour) => hour.failures),
  ];
}

function optionsOf(mount: HTMLElement, input: ChartInput): uPlot.Options {
  const [series, failed, band, ink, line] = ['--series', '--edge-alert', '--band', '--dim', '--line'].map((name) =>
    colour(mount, name),
  );
  const axis = {
    stroke: ink ?? '',
    grid: { stroke: line ?? '', width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const bars = uPlot.paths.bars?.({ size: [0.86, 60], align: 1 });
  return {
    width: input.width,
    height: HEIGHT_PX,
    padding: [10, MARGIN_PX, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { min: input.fromMs / 1000, max: input.toMs / 1000 },
      y: { range: (_plot, _min, max) => [0, Math.max(5, max * 1.08)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot, splits) =>
          splits.map((split) => (split % 86_400 === 0 ? day(split * 1000) : clock(split * 1000))),
        space: 90,
        size: 30,
      },
      {
        ...axis,
        size: GUTTER_PX,
        values: (_plot, splits) => splits.map((split) => (Number.isInteger(split) ? count(split) : '')),
      },
    ],
    series: [
      {},
      { stroke: 'transparent', ...(stepped === undefined ? {} : { paths: stepped }), points: { show: false } },
      { stroke: 'transparent', ...(stepped === undefined ? {} : { paths: stepped }), points: { show: false } },
      {
        stroke: series ?? '',
        fill: series ?? '',
        width: 0,
        ...(bars === undefined ? {} : { paths: bars }),
        points: { show: false },
      },
      {
        stroke: failed ?? '',
        fill: failed ?? '',
        width: 0,
        ...(bars === undefined ? {} : { paths: bars }),
        points: { show: false },
      },
    ],
    bands: [{ series: [1, 2], fill: band ?? '' }],
    hooks: {
      draw: [(plot) => drawAlerts(plot, input.alerts, failed ?? '')],
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx ?? null;
          const over = plot.cursor.left !== undefined && plot.cursor.left >= 0;
          input.onPoint(over ? hourAt(plot, index) : null);
        },
      ],
    },
  };
}

/** An hour's bar begins at its time, so the hour under the pointer is the one before it. */
function hourAt(plot: uPlot, index: number | null): number | null {
  if (index === null) return null;
  const time = plot.posToVal(plot.cursor.left ?? 0, 'x');
  const start = plot.data[0][index];
  if (start === undefined) return index;
  if (time < start) return Math.max(0, index - 1);
  return time >= start + HOUR_S ? Math.min(plot.data[0].length - 1, index + 1) : index;
}

/** A mark on the axis where each alert began. */
function drawAlerts(plot: uPlot, alerts: readonly Alert[], stroke: string): void {
  const { ctx: context, bbox } = plot;
  const ratio = window.devicePixelRatio;
  context.save();
  context.fillStyle = stroke;
  for (const alert of alerts) {
    const x = plot.valToPos(parse(alert.first_seen) / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const top = bbox.top;
    context.beginPath();
    context.moveTo(x - 5 * ratio, top - 8 * ratio);
    context.lineTo(x + 5 * ratio, top - 8 * ratio);
    context.lineTo(x, top);
    context.fill();
  }
  context.restore();
}
