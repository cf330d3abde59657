import type { Call, Page } from '../lib/api-types.js';
import { bytes, clockSeconds, day, parse } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { Failure } from '../shell/failure.js';
import { SortableTable, type Column } from '../shell/sortable-table.js';

const columns: readonly Column<Call>[] = [
  {
    title: 'Time (UTC)',
    value: (call) => call.time,
    show: (call) => `${day(parse(call.time))} ${clockSeconds(parse(call.time))}`,
  },
  {
    title: 'Action',
    value: (call) => (call.direction === 'outbound' ? `${call.action}, seen by the caller` : call.action),
  },
  { title: 'From', value: (call) => call.client_address },
  { title: 'Caller', value: (call) => call.caller_service },
  {
    title: 'By',
    value: (call) => call.user_agent,
    show: (call) => (
      <span class="clip agent" title={call.user_agent}>
        {call.user_agent}
      </span>
    ),
  },
  { title: 'Service', value: (call) => call.target_service },
  { title: 'Route', value: (call) => `${call.target_method} ${call.target_route}`.trim() },
  {
    title: 'Outcome',
    value: (call) =>
      `${call.target_status === 0 ? '' : call.target_status} ${call.outcome === 'success' ? 'accepted' : call.reason || call.outcome}`.trim(),
    show: (call) => (
      <span class={call.outcome === 'failure' ? 'refused' : ''}>
        {call.target_status === 0 ? '' : call.target_status} {call.outcome === 'failure' ? call.reason || 'failed' : ''}
      </span>
    ),
  },
  {
    title: 'Out',
    value: (call) => call.response_bytes ?? -1,
    show: (call) => (call.response_bytes === null ? '' : bytes(call.response_bytes)),
    csv: (call) => call.response_bytes ?? '',
    number: true,
  },
];

/** The latest events of the token, as the sources told them. */
export function Calls({ path }: { path: string }) {
  const loaded = useJson<Page<Call>>(`${path}/calls?limit=25`).value;
  return (
    <section class="calls">
      <Failure error={loaded.error} />
      <SortableTable
        caption="Latest calls"
        file="tourniquet-calls.csv"
        columns={columns}
        rows={loaded.value?.items ?? []}
        keyOf={(call) => call.event_uid}
      />
    </section>
  );
}
