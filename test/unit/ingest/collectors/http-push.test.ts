import { gzipSync } from 'node:zlib';
import { httpReceiverConfigSchema } from '../../../../ingest/collectors/http/http-receiver.js';
import { sha256Hex } from '../../../../ingest/core/sha256.js';
import { httpPushConfigSchema } from '../../../../ingest/collectors/http-push/config.js';
import { createHttpPushCollector } from '../../../../ingest/collectors/http-push/http-push-collector.js';
import type { PushReceipt } from '../../../../ingest/collectors/http-push/push-routes.js';
import { base, documentSource, lineSource, MemorySink } from '../pipeline/support.js';

const inputs = [
  { name: 'edge', source: lineSource, instance: 'edge-1', apiKeySha256: sha256Hex('key-edge') },
  {
    name: 'audit',
    source: { ...documentSource, product: 'audit' },
    instance: 'audit-1',
    apiKeySha256: sha256Hex('key-two'),
  },
  { name: 'other', source: lineSource, instance: 'other-1', apiKeySha256: sha256Hex('key-two') },
];

type Send = (
  body: string | Buffer,
  options?: { key?: string | null; query?: string; headers?: Record<string, string> },
) => Promise<Response>;

async function withPush(
  work: (send: Send, sink: MemorySink, address: string) => Promise<void>,
  push: object = {},
  receiver: object = {},
) {
  const sink = new MemorySink();
  const config = {
    receiver: httpReceiverConfigSchema.parse({ port: 0, ...receiver }),
    push: httpPushConfigSchema.parse(push),
  };
  const collector = createHttpPushCollector(config, inputs, { ...base, sink });
  await collector.start();
  const send: Send = (body, { key = 'key-edge', query = '', headers = {} } = {}) =>
    fetch(`${collector.address}/v1/events${query}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: {
        'content-type': 'application/x-ndjson',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
    });
  try {
    await work(send, sink, collector.address);
  } finally {
    await collector.stop(1_000);
    await collector.stop(1_000);
  }
}

const receipt = async (response: Response) =>
  (await response.json()) as PushReceipt & { code?: string; detail?: string };

describe('HTTP push', () => {
  it('takes lines, a JSON array and gzip, and answers 202 with its counts', () =>
    withPush(async (send, sink) => {
      const lines = await send('1 a\r\n2 b\n');
      expect(lines.status).toBe(202);
      expect(await receipt(lines)).toEqual({ received: 2, events: 2, dropped: 0, rejected: 0, rejects: [] });
      expect((await send('["3 c","4 d"]', { headers: { 'content-type': 'application/json' } })).status).toBe(202);
      expect((await send(gzipSync('5 e\n'), { headers: { 'content-encoding': 'gzip' } })).status).toBe(202);
      expect((await send('6 f', { headers: { 'content-type': 'text/plain' } })).status).toBe(202);
      expect(sink.names).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    }));

  it('refuses one element that nests without end, and keeps its neighbours', () =>
    withPush(async (send, sink) => {
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      const headers = { 'content-type': 'application/json' };
      const response = await send(`["1 a",${deep},"2 b"]`, { headers });
      expect(response.status).toBe(202);
      expect(await receipt(response)).toMatchObject({ received: 3, events: 2, rejected: 1 });
      expect(sink.names).toEqual(['a', 'b']);
    }));

  it('keeps the good records of a body, and reports and dead-letters the bad ones', () =>
    withPush(async (send, sink) => {
      const response = await send('1 a\nboom\n???\n-\n2 b\n');
      expect(response.status).toBe(202);
      const body = await receipt(response);
      expect(body).toMatchObject({ received: 5, events: 2, dropped: 1, rejected: 2 });
      expect(body.rejects.map((reject) => [reject.index, reject.reason])).toEqual([
        [1, 'parser_fault'],
        [2, 'unparsable'],
      ]);
      expect(sink.names).toEqual(['a', 'b']);
      expect(sink.letters).toHaveLength(2);
    }));

  it('answers 422 when nothing of a body could be used, and keeps it as dead letters', () =>
    withPush(async (send, sink) => {
      const response = await send('???\n!!!\n');
      expect(response.status).toBe(422);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await receipt(response)).toMatchObject({ code: 'TQ_RECORD_INVALID', rejected: 2 });
      expect(sink.letters).toHaveLength(2);
    }));

  it('gives a body that is sent again, also compressed, the same event_uids', () =>
    withPush(async (send, sink) => {
      await send('1 a\n1 a\n');
      await send('1 a\n1 a\n');
      await send(gzipSync('1 a\n1 a\n'), { headers: { 'content-encoding': 'gzip' } });
      await send('1 a\n1 a\n2 b\n');
      expect(sink.events).toHaveLength(9);
      expect(sink.uids.size).toBe(5);
    }));

  it('answers 503 with Retry-After when the log is away, and 202 to the repetition', () =>
    withPush(async (send, sink) => {
      sink.failures = 1;
      const away = await send('1 a\n');
      expect(away.status).toBe(503);
      expect(away.headers.get('retry-after')).toBe('3');
      expect(await receipt(away)).toMatchObject({ code: 'TQ_UNAVAILABLE' });
      expect((await send('1 a\n')).status).toBe(202);
      expect(sink.names).toEqual(['a']);
    }));

  it('lets a key push only its own sources', () =>
    withPush(async (send, sink) => {
      for (const key of [null, 'wrong', 'KEY-EDGE', '']) expect((await send('1 a\n', { key })).status).toBe(401);
      expect((await send('1 a\n', { query: '?source=audit' })).status).toBe(403);
      expect((await send('1 a\n', { key: 'key-two' })).status).toBe(400);
      expect((await send('1 a\n', { key: null, headers: { 'x-api-key': 'key-edge' } })).status).toBe(202);
      const audit = await send('{"Records":["1 x","2 y"]}', { key: 'key-two', query: '?source=audit' });
      expect(await receipt(audit)).toMatchObject({ received: 2, events: 2 });
      expect(sink.events.map((event) => event.source.instance)).toEqual(['edge-1', 'audit-1', 'audit-1']);
    }));

  it('refuses what is too large, before and after decompression, and what is broken', () =>
    withPush(
      async (send, sink, address) => {
        const large = await send('x'.repeat(5_000));
        expect(large.status).toBe(413);
        expect((await receipt(large)).detail).toMatch(/larger than \d+ bytes/);
        expect(
          (await send(gzipSync(Buffer.alloc(1_000_000)), { headers: { 'content-encoding': 'gzip' } })).status,
        ).toBe(413);
        expect((await send('no gzip', { headers: { 'content-encoding': 'gzip' } })).status).toBe(400);
        expect((await send('1 a', { headers: { 'content-encoding': 'br' } })).status).toBe(400);
        const json = await send('{"a":', { headers: { 'content-type': 'application/json' } });
        expect(json.status).toBe(400);
        expect(await receipt(json)).toMatchObject({ code: 'TQ_REQUEST_INVALID', status: 400 });
        expect((await send('1 a\n'.repeat(6))).status).toBe(413);
        expect((await fetch(`${address}/nope`)).status).toBe(404);
        const huge = await receipt(await send(`1 a\n${'y'.repeat(2_000)}\n`));
        expect(huge).toMatchObject({ events: 1, rejected: 1, rejects: [{ reason: 'too_large' }] });
        expect(sink.names).toEqual(['a']);
      },
      { decompressed_bytes_max: 4_096, records_max: 5, record_bytes_max: 1_024 },
      { body_bytes_max: 4_096 },
    ));
});
