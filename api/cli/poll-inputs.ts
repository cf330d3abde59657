import { join } from 'node:path';
import type { CollectorDeps } from '../../ingest/collectors/collector-deps.js';
import type { PollApi } from '../../ingest/collectors/poll/poll-api.js';
import type { Clock } from '../../ingest/core/clock.js';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';
import type { PollInputConfig } from '../config/poll-schema.js';
import type { SourceConfig } from '../config/schema.js';
import { readGoogleKey } from './google-key.js';
import type { Surroundings } from './open-parts.js';
import { readSecrets } from './secret-file.js';
import { bindingOf } from './source-by-name.js';

/** The API that an input asks. @throws AppError TQ_FILE_UNREADABLE, TQ_CONFIG_INVALID when a secret is missing. */
async function pollApiOf({ api }: PollInputConfig, clock: Clock): Promise<PollApi> {
  switch (api.kind) {
    case 'okta': {
      const { oktaApi } = await import('../../ingest/collectors/poll/apis/okta.js');
      return oktaApi(api.url, readSecrets(api)[0]);
    }
    case 'auth0': {
      const { auth0Api } = await import('../../ingest/collectors/poll/apis/auth0.js');
      return auth0Api({ url: api.url, clientId: api.client_id, secret: readSecrets(api)[0] }, clock);
    }
    case 'keycloak': {
      const { keycloakApi } = await import('../../ingest/collectors/poll/apis/keycloak.js');
      const { url, realms, lists, client_id: clientId } = api;
      const clientRealm = api.client_realm ?? realms[0] ?? '';
      return keycloakApi({ url, realms, lists, clientRealm, clientId, secret: readSecrets(api)[0] }, clock);
    }
    case 'github': {
      const { githubApi } = await import('../../ingest/collectors/poll/apis/github.js');
      const { organization, enterprise = '' } = api;
      const owner =
        organization === undefined
          ? `enterprises/${encodeURIComponent(enterprise)}`
          : `orgs/${encodeURIComponent(organization)}`;
      return githubApi({ url: api.url, owner, token: readSecrets(api)[0] });
    }
    case 'entra': {
      const { entraApi } = await import('../../ingest/collectors/poll/apis/entra.js');
      const { url, login_url: loginUrl, tenant, client_id: clientId, sign_ins: signIns, audits } = api;
      return entraApi({ url, loginUrl, tenant, clientId, signIns, audits, secret: readSecrets(api)[0] }, clock);
    }
    case 'workspace': {
      const { workspaceApi } = await import('../../ingest/collectors/poll/apis/workspace.js');
      const { url, subject, applications } = api;
      return workspaceApi({ url, subject, applications, key: readGoogleKey(api) }, clock);
    }
  }
}

/** Starts the reader of an API. */
export async function startPoll(
  s: Surroundings,
  source: SourceConfig,
  input: PollInputConfig,
  deps: CollectorDeps,
): Promise<void> {
  const { createPollCollector, pollConfigSchema } = await import('../../ingest/collectors/poll/poll-collector.js');
  const config = pollConfigSchema.parse({
    interval_ms: input.interval,
    lookback_ms: input.lookback,
    overlap_ms: input.overlap,
  });
  const metrics = createMetrics();
  await s.lifecycle.start(
    createPollCollector(config, await pollApiOf(input, s.clock), {
      ...deps,
      binding: bindingOf(source),
      health: s.health,
      name: source.name,
      statePath: join(s.config.data_dir, 'checkpoints', `poll-${source.name}.json`),
      onPoll: (product, outcome) => metrics.count('tourniquet.ingest.polls', 1, { product, outcome }),
    }),
  );
}

/** One page of each list, read and thrown away. @returns what answered, for `doctor`. */
export async function tryPoll(s: Surroundings, input: PollInputConfig): Promise<string> {
  const { PollHttp } = await import('../../ingest/collectors/poll/poll-http.js');
  const api = await pollApiOf(input, s.clock);
  const http = new PollHttp(api, s.clock);
  const toMs = s.clock.nowMs();
  const window = { fromMs: toMs - 60_000, toMs };
  const signal = AbortSignal.timeout(20_000);
  const said: string[] = [];
  for (const feed of api.feeds) {
    const asked = feed.first(window);
    const { records } = feed.read(await http.get(asked, signal), asked, window);
    said.push(`${feed.name} ${String(records.length)}`);
  }
  return `${new URL(api.origin).host} answers; records of the last minute: ${said.join(', ')}`;
}
