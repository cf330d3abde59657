// `npm run lab`: the lab for people to play with. Ctrl-C stops all of it.
import { setTimeout as delay } from 'node:timers/promises';
import { passwordOf } from './realm.js';
import { ordinary, refreshAll, signIn, theft, type Cast } from './scenes.js';
import { LabApi } from './lab-api.js';
import { startLab, type Lab } from './start-lab.js';
import { viewStolenToken } from './stolen-token.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const RENEW_MS = 240_000;
/** A busy machine takes its time; whoever watches sees it. */
const PATIENCE_MS = 180_000;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

/** A round of ordinary requests every few seconds; everybody signs in again before their tokens expire. */
async function keepBusy(lab: Lab, first: Cast): Promise<void> {
  let cast = first;
  let signedIn = Date.now();
  while (!stopping.signal.aborted) {
    if (Date.now() - signedIn > RENEW_MS) {
      await refreshAll(lab.driver, cast);
      cast = await signIn(lab.driver);
      signedIn = Date.now();
    }
    await ordinary(lab.driver, cast, 1);
    await delay(5_000, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
}

/** Steals alice's token and shows what each end of Tourniquet makes of it. */
async function stealAndShow(lab: Lab, { alice }: Cast): Promise<void> {
  const fromMs = Date.now();
  await theft(lab.driver, alice);
  say('stolen and used; waiting for the alert');
  const { alert, page, panels, tokenUid, uses } = await viewStolenToken(
    lab,
    new LabApi(lab, PATIENCE_MS),
    alice.jti,
    fromMs,
  );
  const { payload } = page.body as { payload: { summary: string; severity: string } };
  const answered = panels.filter(({ rows }) => rows.length > 0);
  say(`
PagerDuty was sent (${page.faults.length === 0 ? 'within its contract' : page.faults.join('; ')}):
  ${payload.severity}: ${payload.summary}
Alert  ${alert.links.alert}
Token  ${lab.addresses.api}/tokens/${tokenUid}
Map    ${alert.links.map}
Grafana: ${answered.length} of ${panels.length} panels have rows.
Where was this key used, and by whom first?`);
  process.stdout.write(`${uses.map((row) => `  ${JSON.stringify(row)}`).join('\n')}\n`);
}

function explain(lab: Lab): void {
  const { api, edge, keycloak, kafka } = lab.addresses;
  say(`
The lab runs, with light traffic.
  Tourniquet  ${api}
  edge        ${edge}    (NGINX, then an Envoy gateway, then sidecars)
  Keycloak    ${keycloak}/admin    (${lab.keycloak.admin.username} / ${lab.keycloak.admin.password})
  Kafka       ${kafka}
  its files   ${lab.folder}

Try, in another terminal:
  # a token of alice, used
  TOKEN=$(curl -s ${lab.keycloak.issuer}/protocol/openid-connect/token -d grant_type=password -d client_id=web \\
    -d username=alice -d password=${passwordOf('alice')} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s -H "Authorization: Bearer $TOKEN" ${edge}/orders
  # the same token, stolen: another address, another program, at speed
  for n in $(seq 80); do curl -s -o /dev/null --interface 127.0.0.66 -A python-requests/2.32.3 \\
    -H "Authorization: Bearer $TOKEN" ${edge}/stock/items/$n; done
  # what Tourniquet makes of it
  curl -s ${api}/v1/alerts
  curl -s '${api}/v1/map?leaf=tokens'
Type "steal" and Enter here to have alice's token stolen for you, and to see what comes of it. Ctrl-C stops everything.`);
}

let lab: Lab | undefined;
try {
  lab = await startLab({ onProgress: say });
  const running = lab;
  const cast = await signIn(running.driver);
  explain(running);
  process.stdin.setEncoding('utf8').on('data', (typed: string) => {
    if (typed.trim() !== 'steal') return;
    stealAndShow(running, cast).catch((error: unknown) => say(String(error)));
  });
  await keepBusy(running, cast);
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} finally {
  say('stopping');
  await lab?.stop();
  process.stdin.destroy();
}
