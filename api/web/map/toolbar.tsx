import type { ComponentChildren } from 'preact';
import type { MapAnswer } from '../lib/api-types.js';
import { moment } from '../lib/format.js';
import { go, withQuery } from '../lib/router.js';
import { compares, windows, type MapQuery, type WindowName } from './map-query.js';

const windowWords: Readonly<Record<WindowName, string>> = {
  '15m': 'last 15 minutes',
  '1h': 'last hour',
  '6h': 'last 6 hours',
  '24h': 'last 24 hours',
  '7d': 'last 7 days',
};

const compareWords = {
  none: 'nothing',
  previous: 'the time just before',
  day: 'same time yesterday',
  week: 'same time last week',
} as const;

/** What the picture shows; each choice is part of the address. */
interface ToolbarProps {
  readonly q: MapQuery;
  readonly map: MapAnswer | null;
  readonly children?: ComponentChildren;
}

export function Toolbar({ q, map, children }: ToolbarProps) {
  return (
    <div class="toolbar" role="toolbar" aria-label="Picture">
      <Choice
        label="Window"
        value={q.windowName ?? 'fixed'}
        options={[
          ...(q.windowName === null ? [['fixed', `${moment(q.fromMs)} – ${moment(q.toMs)}`] as const] : []),
          ...Object.keys(windows).map((name) => [name, windowWords[name as WindowName]] as const),
        ]}
        onChoose={(value) => {
          if (value !== 'fixed') go(withQuery({ window: value, from: null, to: null }));
        }}
      />
      <Choice
        label="against"
        value={q.compare}
        options={compares.map((name) => [name, compareWords[name]] as const)}
        onChoose={(value) => go(withQuery({ compare: value }))}
      />
      <Choice
        label="Third lane"
        value={q.leaf}
        options={[
          ['tokens', 'tokens'],
          ['routes', 'routes'],
        ]}
        onChoose={(value) => go(withQuery({ leaf: value }))}
      />
      <Choice
        label="Edges"
        value={q.changedOnly ? 'changed' : 'all'}
        options={[
          ['all', 'all'],
          ['changed', 'changed only'],
        ]}
        onChoose={(value) => go(withQuery({ edges: value === 'changed' ? value : null }), 'replace')}
      />
      <Choice
        label="View"
        value={q.view}
        options={[
          ['map', 'map'],
          ['table', 'table'],
        ]}
        onChoose={(value) => go(withQuery({ view: value === 'table' ? value : null }), 'replace')}
      />
      <Focus q={q} map={map} />
      {children}
    </div>
  );
}

/** What the picture is narrowed to, with the way back. */
function Focus({ q, map }: { q: MapQuery; map: MapAnswer | null }) {
  const token = map?.nodes.find((node) => node.name === q.tokenUid);
  const words =
    q.tokenUid !== ''
      ? `token ${token?.label ?? q.tokenUid.slice(0, 12)}`
      : q.service !== ''
        ? `service ${q.service}`
        : q.principalUid === ''
          ? ''
          : `principal ${q.principalUid}`;
  if (words === '') return null;
  return (
    <span class="focus">
      only {words}
      {q.tokenUid === '' ? null : <a href={`/tokens/${q.tokenUid}`}>open</a>}
      <a href={withQuery({ token_uid: null, service: null, principal_uid: null })}>show all</a>
    </span>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
