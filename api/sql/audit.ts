import type { Clock } from '../../ingest/core/clock.js';
import { redactText } from '../../ingest/event/redact-text.js';
import { formatTime } from '../../ingest/event/time.js';
import type { EventWriter } from '../../ingest/store/store.js';

/** How a statement ended. `running` is what a process that died in the middle leaves. */
export type StatementOutcome = 'running' | 'ok' | 'invalid' | 'refused' | 'limit' | 'cancelled' | 'failed';

export interface StatementEnd {
  readonly outcome: StatementOutcome;
  /** Why it did not end well, redacted; '' when it did. */
  readonly detail: string;
  readonly rowsRead: number;
  readonly rowsReturned: number;
}

const STATEMENT_CHARS_MAX = 16_384;
const DETAIL_CHARS_MAX = 1_000;

/** The durable record of one statement: who, when, what (secrets removed), how it ended. */
export class AuditRecord {
  private readonly writer: EventWriter;
  private readonly clock: Clock;
  private readonly began: { readonly uid: string; readonly actor: string; readonly sql: string; readonly ms: number };
  private version = 0;

  constructor(
    writer: EventWriter,
    clock: Clock,
    statement: { readonly uid: string; readonly actor: string; readonly sql: string },
  ) {
    this.writer = writer;
    this.clock = clock;
    this.began = { ...statement, ms: clock.nowMs() };
  }

  get durationMs(): number {
    return Math.max(0, this.clock.nowMs() - this.began.ms);
  }

  /** Written before the statement runs: what cannot be recorded is not run. */
  begin(): Promise<void> {
    return this.write({ outcome: 'running', detail: '', rowsRead: 0, rowsReturned: 0 });
  }

  end(how: StatementEnd): Promise<void> {
    return this.write(how);
  }

  private async write(how: StatementEnd): Promise<void> {
    const { uid, actor, sql, ms } = this.began;
    const version = (this.version += 1);
    const row = {
      statement_uid: uid,
      version,
      time: formatTime(ms),
      actor,
      statement: redactText(sql).text.slice(0, STATEMENT_CHARS_MAX),
      outcome: how.outcome,
      detail: redactText(how.detail).text.slice(0, DETAIL_CHARS_MAX),
      rows_read: how.rowsRead,
      rows_returned: how.rowsReturned,
      duration_ms: this.durationMs,
    };
    await this.writer.insertRows('sql_statements', [row], `sql:${uid}:${version.toString()}`);
  }
}
