import {
  BigValueGraphMode,
  GraphDrawStyle,
  StackingConfigBuilder,
  StackingMode,
} from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { clickHouseQuery, dataSource } from './clickhouse-query.js';

interface PanelText {
  readonly title: string;
  readonly description: string;
  readonly sql: string;
}

interface PanelSize {
  /** Of 24 columns. */
  readonly width: number;
  readonly height: number;
}

export const tokenDashboardUid = 'tourniquet-token';
/** A click on a token opens its page, in the same span of time. */
const tokenLink = {
  title: 'Token detail',
  url: `/d/${tokenDashboardUid}?var-token=\${__data.fields.token_uid}&\${__url_time_range}`,
};

/** That a time of hops lies in the span shown, also in the words of the order in which they lie. */
export const hopTime = (column: string): string =>
  `$__timeFilter_ms(${column}) AND minute BETWEEN intDiv(toUnixTimestamp($__fromTime), 60) AND intDiv(toUnixTimestamp($__toTime), 60)`;

/** One number, or one for each column. */
export function stat(text: PanelText, size: PanelSize, unit = 'short'): StatPanel {
  return new StatPanel()
    .title(text.title)
    .description(text.description)
    .datasource(dataSource)
    .span(size.width)
    .height(size.height)
    .unit(unit)
    .noValue('none')
    .graphMode(BigValueGraphMode.None)
    .withTarget(clickHouseQuery(text.sql, 'table'));
}

export function table(text: PanelText, size: PanelSize, units: Readonly<Record<string, string>> = {}): TablePanel {
  const panel = new TablePanel()
    .title(text.title)
    .description(text.description)
    .datasource(dataSource)
    .span(size.width)
    .height(size.height)
    .noValue('none')
    .withTarget(clickHouseQuery(text.sql, 'table'));
  if (/(?:SELECT|,)\s+token_uid[,\s]/.test(text.sql)) {
    panel.overrideByName('token_uid', [{ id: 'links', value: [tokenLink] }]);
  }
  for (const [column, unit] of Object.entries(units)) panel.overrideByName(column, [{ id: 'unit', value: unit }]);
  return panel;
}

export interface SeriesStyle {
  readonly unit?: string;
  readonly bars?: boolean;
  /** Name of the upper series → name of the lower: the space between them is filled. */
  readonly band?: readonly [upper: string, lower: string];
}

export function timeSeries(text: PanelText, size: PanelSize, style: SeriesStyle = {}): TimeSeriesPanel {
  const panel = new TimeSeriesPanel()
    .title(text.title)
    .description(text.description)
    .datasource(dataSource)
    .span(size.width)
    .height(size.height)
    .unit(style.unit ?? 'short')
    .min(0)
    // Roll-ups are hourly: a shorter step would show gaps that are none.
    .interval('1h')
    .withTarget(clickHouseQuery(text.sql, 'timeseries'));
  if (style.bars === true) {
    panel
      .drawStyle(GraphDrawStyle.Bars)
      .fillOpacity(70)
      .stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  }
  if (style.band !== undefined) {
    const [upper, lower] = style.band;
    const quiet: DynamicConfigValue[] = [
      { id: 'custom.lineWidth', value: 0 },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } },
    ];
    panel
      .overrideByName(upper, [
        ...quiet,
        { id: 'custom.fillBelowTo', value: lower },
        { id: 'custom.fillOpacity', value: 20 },
      ])
      .overrideByName(lower, quiet);
  }
  return panel;
}
