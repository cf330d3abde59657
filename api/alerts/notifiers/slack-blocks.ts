import { boundText } from '../../../ingest/core/text.js';
import type { AlertPayload } from '../payload.js';
import { answers, changeLine, headline, printable, subject } from '../wording.js';

/**
 * A Slack message in Block Kit (https://docs.slack.dev/reference/block-kit/blocks). What may be of hostile origin stands
 * in `plain_text`, which knows neither mentions nor links nor markup; only the SQL, which holds no name, is `mrkdwn`.
 */
export const slackBounds = {
  blocks: 50,
  header: 150,
  section: 3000,
  fields: 10,
  field: 2000,
  contextElements: 10,
  actions: 25,
  buttonText: 75,
  buttonUrl: 3000,
  fallback: 4000,
} as const;

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  /** False: `:fire:` stays what it is. */
  readonly emoji: false;
}

type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: PlainText | Verbatim }
  | { readonly type: 'section'; readonly fields: readonly PlainText[] }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] }
  | { readonly type: 'actions'; readonly elements: readonly Button[] };

interface Verbatim {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** True: addresses and names in it are not made into links. */
  readonly verbatim: true;
}

interface Button {
  readonly type: 'button';
  readonly text: PlainText;
  readonly url: string;
  readonly action_id: string;
}

export interface SlackMessage {
  /** Shown by notifications and screen readers. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly link_names: false;
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * `&`, `<` and `>` as Slack wants them (https://docs.slack.dev/messaging/formatting-message-text#escaping), so that
 * `<!channel>`, `<@U…>` and `<https://…|text>` are only letters. The bound counts what is sent, and no entity is cut.
 */
export function slackEscape(text: string, max: number): string {
  let escaped = '';
  for (const sign of boundText(text, text.length)) {
    const next = sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : sign;
    if (escaped.length + next.length > max) return `${escaped.slice(0, cutAt(escaped, max - 1))}…`;
    escaped += next;
  }
  return escaped;
}

/** The longest beginning of at most `max` units that ends neither in an entity nor in half a character. */
function cutAt(escaped: string, max: number): number {
  if (escaped.length <= max) return escaped.length;
  const entity = /&[a-z]*;?$/.exec(escaped.slice(0, max + 1));
  if (entity !== null && escaped.indexOf(';', entity.index) >= max) return entity.index;
  const code = escaped.charCodeAt(max - 1);
  return code >= 0xd800 && code <= 0xdbff ? max - 1 : max;
}

const plain = (text: string, max: number): PlainText => ({
  type: 'plain_text',
  text: slackEscape(printable(text), max),
  emoji: false,
});

/** Lines of a statement; its own ends of lines stay. */
const lines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A code block that its content cannot end. */
function code(text: string): Verbatim {
  const fence = '```';
  const body = slackEscape(lines(text).replaceAll('`', '\u02cb'), slackBounds.section - 2 * fence.length - 2);
  return { type: 'mrkdwn', text: `${fence}\n${body}\n${fence}`, verbatim: true };
}

function buttons(payload: AlertPayload): readonly Button[] {
  const { links } = payload.data;
  const wanted: readonly (readonly [string, string])[] = [
    ['Alert', links.alert],
    ['Token', links.token],
    ['Map', links.map],
    ['SQL', links.sql],
  ];
  return wanted
    .filter(([, url]) => url !== '' && url.length <= slackBounds.buttonUrl)
    .map(([label, url]) => ({
      type: 'button',
      text: plain(label, slackBounds.buttonText),
      url,
      action_id: `open_${label.toLowerCase()}`,
    }));
}

/** What a channel sees of one change. A decision of a person is short; what is news is told whole. */
export function slackMessage(payload: AlertPayload): SlackMessage {
  const { data, type } = payload;
  const decided = type === 'alert.acknowledged' || type === 'alert.resolved' || type === 'alert.suppressed';
  const head = decided ? changeLine(payload) : subject(payload);
  const fields = answers(payload).map(([label, text]) => fieldOf(label, text));
  const whole: readonly SlackBlock[] = [
    { type: 'section', text: plain(data.title, slackBounds.section) },
    { type: 'section', fields: fields.slice(0, slackBounds.fields) },
    { type: 'section', text: plain(`Next step: ${data.next_step}`, slackBounds.section) },
    ...(data.sql === '' ? [] : [{ type: 'section' as const, text: code(data.sql) }]),
  ];
  const short: readonly SlackBlock[] = [{ type: 'section', text: plain(headline(payload), slackBounds.section) }];
  const actions = buttons(payload);
  return {
    text: slackEscape(
      decided ? `${changeLine(payload)} — ${headline(payload)}` : headline(payload),
      slackBounds.fallback,
    ),
    blocks: [
      { type: 'header', text: plain(head, slackBounds.header) },
      ...(decided ? short : whole),
      ...(actions.length === 0 ? [] : [{ type: 'actions' as const, elements: actions }]),
      { type: 'context', elements: [plain(footer(payload), slackBounds.field)] },
    ],
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** The line break between label and text is ours, so it is put in after what is hostile has been made harmless. */
function fieldOf(label: string, text: string): PlainText {
  const value = plain(text, slackBounds.field - label.length - 1);
  return { ...value, text: `${label}\n${value.text}` };
}

function footer(payload: AlertPayload): string {
  const { data, timestamp } = payload;
  return `Tourniquet · ${changeLine(payload)} · alert ${data.alert_uid} · ${data.state} · ${timestamp}`;
}
