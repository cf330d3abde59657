import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import kafkajs from 'kafkajs';
import { AlsClient, alsEntry, encodeAls } from './als-client.js';
import { canaries, canaryJwt, linesOf, ownSecrets } from './canaries.js';

const secrets = [...Object.values(canaries), canaryJwt];
/** Those that are known by their form alone, wherever they stand. */
const shaped = [canaries.github, canaries.vault, canaries.slack, canaryJwt];

/** OpenTelemetry's exporter, with a canary in the body, attributes, resource, scope and metadata. */
export async function sendOtlpGrpc(address: string, service: string, lines: readonly string[]): Promise<void> {
  for (const [index, secret] of ['', ...shaped].entries()) {
    const metadata = new Metadata();
    metadata.set('x-token', secret);
    const named = {
      'service.name': index === 1 ? secret : service,
      ...(secret === '' ? {} : { 'service.instance.id': secret, 'tourniquet.instance': secret, 'host.name': secret }),
    };
    const provider = new LoggerProvider({
      resource: resourceFromAttributes(named),
      processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `http://${address}`, metadata }) })],
    });
    const logger = provider.getLogger(`scope-${secret}`, secret);
    for (const body of index < 2 ? lines : lines.slice(0, 3))
      logger.emit({ body, severityText: secret, attributes: { token: secret, 'log.file.name': `Bearer ${secret}` } });
    logger.emit({ attributes: { token: secret, authorization: `Bearer ${secret}`, [secret]: 'a key' } });
    await provider.forceFlush();
    await provider.shutdown();
  }
} // prettier-ignore

/** An Envoy whose node, headers, metadata and streams hold canaries; the second one has a name that no source takes. */
export async function sendAls(address: string): Promise<void> {
  const client = new AlsClient(address);
  try {
    for (const name of ['mesh', canaries.github]) {
      const call = client.open(canaries.vault);
      for (const [n, secret] of secrets.entries()) {
        const bearer = `Bearer ${secret}`;
        // A name of a workload is what it is; only what has the form of a token is none.
        const workload = shaped.includes(secret) ? secret : 'orders';
        const headers = {
          authorization: bearer, cookie: `session=${secret}`, 'x-api-key': secret, referer: `https://x.example/?token=${secret}`,
          'x-forwarded-client-cert': `Hash=${secret};URI=spiffe://a.example/${workload}`, 'user-agent': bearer, 'x-request-id': bearer,
        }; // prettier-ignore
        const entry = alsEntry(n, headers, `/a?access_token=${secret}`) as Record<string, Record<string, unknown>>;
        const fields = { jwt: { struct_value: { fields: { token: { string_value: secret }, jti: { string_value: bearer } } } } };
        const common = {
          ...entry['common_properties'],
          stream_id: bearer,
          upstream_cluster: bearer,
          metadata: { filter_metadata: { 'envoy.filters.http.jwt_authn': { fields } } },
        };
        const node = { id: bearer, cluster: bearer, user_agent_name: secret, locality: { region: secret }, metadata: { fields } };
        await call.write(
          encodeAls({
            identifier: { node, log_name: name },
            http_logs: { log_entry: [{ ...entry, common_properties: common }, alsEntry(100 + n)] },
          }),
        );
      }
      call.stream.end();
      await call.ended;
    }
  } finally {
    client.close();
  }
} // prettier-ignore

/** RFC 5424 and 3164 with a canary in each part of the head, and bare lines. */
export function syslogMessages(lines: readonly string[]): readonly string[] {
  const meta = (secret: string): string => `[meta@32473 token="${secret}" note="Bearer ${secret}"]`;
  const heads = shaped.flatMap((secret) => [
    `<134>1 2026-10-10T13:55:36.003Z ${secret.slice(0, 255)} nginx ${secret} - ${meta(secret)} `,
    `<134>1 2026-10-10T13:55:36.003Z host ${secret.slice(0, 48)} 1 ${secret.slice(0, 32)} - `,
    `<134>1 2026-10-10T13:55:36.003Z host nginx 1 - ${meta(secret).slice(0, -3)} `,
    `<134>Oct 10 13:55:36 ${secret} nginx[7]: `,
    `<134>Oct 10 13:55:36 host ${secret}: `,
    `<134>Oct 10 13:55:36 token=${secret} `,
  ]);
  const line = (i: number): string => lines[i % lines.length] ?? '';
  return [...heads.map((head, i) => head + line(i)), ...lines.map((text) => `<134>Oct 10 13:55:36 host nginx: ${text}`), ...lines];
} // prettier-ignore

export async function sendUdp(port: number, messages: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const message of messages) {
    await new Promise<void>((resolve, reject) =>
      socket.send(message, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
    // Datagrams that nobody reads yet have only the kernel's buffer.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.close();
}

/** One connection a framing: lines, and octet counting (RFC 6587). */
export async function sendTcp(port: number, messages: readonly string[]): Promise<void> {
  const counted = messages.map((message) => `${String(Buffer.byteLength(message))} ${message}`).join('');
  for (const text of [`${messages.join('\n')}\n`, counted]) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(text));
      socket.once('close', () => resolve()).once('error', reject);
      socket.resume();
    });
  }
}

/** Somebody else's topic, whose keys and headers hold canaries too. */
export async function fillTopic(brokers: readonly string[], topic: string, lines: readonly string[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const [admin, producer] = [client.admin(), client.producer()];
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await producer.connect();
  const messages = lines.map((value, i) => {
    const secret = secrets[i % secrets.length] ?? '';
    return { key: secret, value, headers: { authorization: `Bearer ${secret}`, [secret]: secret } };
  });
  await producer.send({ topic, messages });
  await Promise.all([producer.disconnect(), admin.disconnect()]);
}

/** Everything that the products post, right and wrong. @returns every answer. */
export async function postWebhooks(receiver: string): Promise<string> {
  const answers: string[] = [];
  const send = async (name: string, headers: Record<string, string>, body?: string): Promise<void> => {
    const answer = await fetch(`${receiver}/v1/webhooks/${name}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': canaries.github, 'x-request-id': canaries.slack, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    answers.push(`${name.startsWith('hook-') ? name : ''} ${String(answer.status)} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
  };
  const good = (source: string): readonly string[] => linesOf(source).filter((line) => line.startsWith('{') && line.endsWith('}'));
  for (const product of ['auth0', 'okta', 'kong']) {
    const known: Record<string, string> =
      product === 'kong' ? { 'x-tourniquet-key': ownSecrets.hookSecret } : { authorization: ownSecrets.hookSecret };
    await send(`hook-${product}`, known, `[${good(product).join(',')}]`);
    await send(`hook-${product}`, known, linesOf(product).join('\n'));
    for (const secret of secrets) await send(`hook-${product}`, { authorization: secret, 'x-tourniquet-key': secret }, good(product)[0]);
  }
  const sign = (body: string): string => `sha256=${createHmac('sha256', ownSecrets.hookSecret).update(body).digest('hex')}`;
  const bodies = [
    ...good('github'),
    ...secrets.map((secret) =>
      JSON.stringify({
        action: 'deleted', key: { id: 7, title: `Bearer ${secret}`, key: secret }, sender: { login: `token=${secret}`, id: 1, type: 'User' },
        repository: { full_name: 'o/r', url: `https://x-access-token:${secret}@github.com/o/r` }, organization: { login: 'o' },
      }),
    ),
    '{"broken',
  ];
  for (const [i, body] of bodies.entries()) {
    const secret = shaped[i % shaped.length] ?? '';
    const event = i % 3 === 0 ? secret : 'deploy_key';
    await send('hook-github', { 'x-github-event': event, 'x-github-delivery': i % 2 === 0 ? secret : `d-${String(i)}`, 'x-hub-signature-256': sign(body) }, body);
  }
  for (const secret of secrets) {
    await send(encodeURIComponent(secret), { authorization: secret }, '{}');
    await send('hook-okta', { authorization: secret, 'x-okta-verification-challenge': secret });
  }
  return answers.join('\n');
} // prettier-ignore
