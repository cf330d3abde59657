import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { LoopbackServer, sentIn } from './loopback-server.js';

/** An answer that is played whatever comes; `hang` never answers, `reset` cuts the connection. */
export type Played = { status: number; body?: string; headers?: Record<string, string> } | 'hang' | 'reset';

export interface ContractCall {
  readonly body: unknown;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  /** What breaks the documented contract; empty when nothing does. */
  readonly faults: readonly string[];
  /** 0 when there was no answer. */
  readonly status: number;
}

interface Contract {
  readonly path: string;
  readonly bytesMax: number;
  readonly schema: z.ZodType;
  readonly accepted: { status: number; body: string; type: string };
  readonly refused: { status: number; body: string };
}

/** A receiver that holds what comes against the maker's documentation, and answers as the maker says it does. */
export class ContractReceiver extends LoopbackServer {
  readonly calls: ContractCall[] = [];
  /** Answers of the next calls; afterwards the contract decides. */
  readonly played: Played[] = [];
  readonly #contract: Contract;
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  constructor(contract: Contract) {
    super();
    this.#contract = contract;
  }

  protected answer(request: IncomingMessage, response: ServerResponse): void {
    const contract = this.#contract;
    void sentIn(request).then((bytes) => {
      const { body, faults } = this.#check(request.method, request.url, request.headers, bytes);
      const own = faults.length === 0 ? contract.accepted : contract.refused;
      const answer = this.played.shift() ?? { status: own.status, body: own.body };
      const status = typeof answer === 'string' ? 0 : answer.status;
      this.calls.push({ body, text: bytes.toString('utf8'), headers: request.headers, faults, status });
      for (const waiter of this.#waiting) if (this.calls.length >= waiter.count) waiter.resolve();
      if (answer === 'reset') request.socket.destroy();
      else if (answer !== 'hang') {
        response.writeHead(answer.status, { 'content-type': contract.accepted.type, ...answer.headers });
        response.end(answer.body ?? '');
      }
    });
  }

  override async start(): Promise<string> {
    return `${await super.start()}${this.#contract.path}`;
  }

  /** Resolves when `count` calls have come in all. */
  received(count: number): Promise<void> {
    if (this.calls.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  #check(
    method: string | undefined,
    path: string | undefined,
    headers: IncomingHttpHeaders,
    bytes: Buffer,
  ): { body: unknown; faults: string[] } {
    const faults: string[] = [];
    if (method !== 'POST') faults.push(`method ${method}`);
    if (path !== this.#contract.path) faults.push(`path ${path}`);
    if (!/^application\/json(; charset=utf-8)?$/.test(headers['content-type'] ?? '')) faults.push('content-type');
    if (bytes.length > this.#contract.bytesMax) faults.push(`${bytes.length} bytes`);
    try {
      const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      const checked = this.#contract.schema.safeParse(body);
      if (!checked.success) {
        faults.push(...checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
      }
      return { body, faults };
    } catch {
      return { body: null, faults: [...faults, 'not JSON in UTF-8'] };
    }
  }
}

const link = z.strictObject({ href: z.url(), text: z.string().min(1).optional() });

const routingKey = z.string().regex(/^[A-Za-z0-9]{32}$/);
const dedupKey = z.string().min(1).max(255);

/** Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/). */
const pagerDutyEvent = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: routingKey,
    event_action: z.literal('trigger'),
    dedup_key: dedupKey,
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
    links: z.array(link).optional(),
    images: z.array(z.unknown()).optional(),
    client: z.string().optional(),
    client_url: z.url().optional(),
  }),
  z.strictObject({
    routing_key: routingKey,
    event_action: z.enum(['acknowledge', 'resolve']),
    dedup_key: dedupKey,
  }),
]);

export const pagerDutyReceiver = (): ContractReceiver =>
  new ContractReceiver({
    path: '/v2/enqueue',
    bytesMax: 512 * 1024,
    schema: pagerDutyEvent,
    accepted: {
      status: 202,
      type: 'application/json',
      body: '{"status":"success","message":"Event processed","dedup_key":"k"}',
    },
    refused: { status: 400, body: '{"status":"invalid event","message":"Event object is invalid","errors":[]}' },
  });

/** `&`, `<` and `>` stand for themselves nowhere (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
const slackText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[<>]|&(?!amp;|lt;|gt;)/.test(text), 'an unescaped control character');

const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: slackText(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: slackText(max), verbatim: z.boolean().optional() });
const textObject = (max: number) => z.union([plainText(max), mrkdwn(max)]);
const blockId = z.string().max(255).optional();

/** Block Kit (https://docs.slack.dev/reference/block-kit/blocks), the blocks that an incoming webhook may send. */
const slackBlock = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText(150), block_id: blockId }),
  z
    .strictObject({
      type: z.literal('section'),
      text: textObject(3000).optional(),
      fields: z.array(textObject(2000)).min(1).max(10).optional(),
      block_id: blockId,
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined, 'neither text nor fields'),
  z.strictObject({
    type: z.literal('context'),
    elements: z.array(textObject(3000)).min(1).max(10),
    block_id: blockId,
  }),
  z.strictObject({
    type: z.literal('actions'),
    elements: z
      .array(
        z.strictObject({
          type: z.literal('button'),
          text: plainText(75),
          action_id: z.string().min(1).max(255),
          url: z.url().max(3000),
        }),
      )
      .min(1)
      .max(25)
      .refine((list) => new Set(list.map((one) => one.action_id)).size === list.length, 'an action_id comes twice'),
    block_id: blockId,
  }),
]);

const slackMessage = z.strictObject({
  text: slackText(40_000),
  blocks: z.array(slackBlock).min(1).max(50),
  link_names: z.boolean().optional(),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});

export const SLACK_PATH = '/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx';

export const slackReceiver = (): ContractReceiver =>
  new ContractReceiver({
    path: SLACK_PATH,
    bytesMax: 1024 * 1024,
    schema: slackMessage,
    accepted: { status: 200, type: 'text/plain', body: 'ok' },
    refused: { status: 400, body: 'invalid_payload' },
  });
