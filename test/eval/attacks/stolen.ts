import { newKey, newSecret, ok } from '../traffic/tenant.js';
import { Session } from '../traffic/session.js';
import { issuerDraft } from '../traffic/tenant.js';
import { tools, type Attack, type Scene } from './scene.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A person's access token or cookie in other hands: how much the attacker cares, and about what. */
function replay(scene: Scene): void {
  const { dice, seen } = scene;
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'nearby' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: seen.agent });
  const [count, minutes] = scene.at({ loud: [dice.whole(60, 120), 12], moderate: [dice.whole(15, 30), 20], stealthy: [dice.whole(5, 8), 25] } as const); // prettier-ignore
  const [news, refused] = scene.at({ loud: [0.7, 0.3], moderate: [0.3, 0.1], stealthy: [0, 0] } as const);
  scene.spree(count, minutes, { client, agent }, () => scene.explore(news, refused));
}

function refresh(scene: Scene): void {
  const { victim, seen, dice, startMs } = scene;
  const { session } = victim;
  if (session === undefined) return;
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'nearby' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: seen.agent });
  const used = session.refreshId;
  const { principal } = victim;
  // The owner renews; then the copy is shown as well.
  session.renew(startMs, seen.client, seen.agent);
  const facts = { principal, client, user_agent: agent, session_uid: session.uid };
  const atMs = startMs + scene.at({ loud: 5, moderate: 5, stealthy: 2 }) * MINUTE_MS;
  if (scene.level === 'loud') {
    scene.issuer(atMs, 'refresh', { ...facts, token: seen.held.token, reason: 'token_reuse' });
    return;
  }
  const token = {
    ...session.held().token,
    token_uid: `tok_${dice.hex(22)}`,
    secret_fp: newSecret(dice),
    jti: dice.hex(16),
  };
  const told = { ...token, parent: { kind: 'refresh_jti' as const, value: used }, aliases: [{ kind: 'refresh_jti' as const, value: dice.hex(12) }] }; // prettier-ignore
  scene.issuer(atMs, 'refresh', { ...facts, token: told });
  const held = { token, principal, session: session.uid, endsMs: atMs + 15 * MINUTE_MS };
  const count = scene.at({ loud: 0, moderate: 15, stealthy: 5 });
  scene.spree(count, 12, { client, agent, held }, () => scene.explore(0.2, 0), atMs + 1000);
}

function account(scene: Scene): void {
  const { victim, seen, dice, startMs } = scene;
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'nearby' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: seen.agent });
  const plan = victim.session?.plan;
  if (plan === undefined) return;
  const session = new Session(victim.tenant, victim.principal, plan, startMs, client, agent, dice);
  const held = session.held();
  const [count, minutes] = scene.at({ loud: [dice.whole(40, 80), 12], moderate: [dice.whole(20, 30), 14], stealthy: [dice.whole(8, 12), 14] } as const); // prettier-ignore
  const share = scene.at({ loud: 0.7, moderate: 0.35, stealthy: 0 });
  scene.spree(count, minutes, { client, agent, held }, () => {
    if (dice.chance(share)) return { route: dice.chance(0.5) ? scene.delicateRoute() : scene.newRoute(), answer: ok };
    return { route: scene.ownRoute(), answer: ok };
  });
}

function workloadKey(scene: Scene): void {
  const { dice, seen } = scene;
  const client = scene.from({ loud: 'abroad', moderate: 'google', stealthy: 'neighbour' }); // prettier-ignore
  const agent = scene.at({ loud: dice.pick(tools), moderate: seen.agent, stealthy: seen.agent });
  const [count, minutes] = scene.at({ loud: [200, 10], moderate: [20, 25], stealthy: [8, 25] } as const);
  const share = scene.at({ loud: 0.6, moderate: 0.15, stealthy: 0.12 });
  scene.spree(count, minutes, { client, agent }, () => scene.explore(share, 0.2));
}

function partnerKey(scene: Scene): void {
  const { dice, seen } = scene;
  const client = scene.from({ loud: 'abroad', moderate: 'nearby', stealthy: 'nearby' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: 'axios/1.7.9', stealthy: seen.agent });
  const [count, minutes] = scene.at({ loud: [900, 6], moderate: [240, 180], stealthy: [12, 120] } as const);
  const share = scene.at({ loud: 0.5, moderate: 0.2, stealthy: 0 });
  scene.spree(count, minutes, { client, agent }, () => scene.explore(share, 0.1));
}

function leakedToken(scene: Scene): void {
  const { dice, seen, victim } = scene;
  const repo = (n: number) => ({ service: 'git', method: 'POST', route: `/repos/internal-${n}/git-upload-pack` });
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'azure' }); // prettier-ignore
  const agent = scene.at({ loud: 'trufflehog/3.88', moderate: 'curl/8.11.0', stealthy: seen.agent });
  const [count, minutes] = scene.at({ loud: [120, 15], moderate: [40, 40], stealthy: [5, 10] } as const);
  scene.spree(count, minutes, { client, agent }, () => {
    if (scene.level === 'stealthy') return { route: dice.pick(victim.routes), answer: ok };
    return { route: repo(dice.below(25)), answer: ok };
  });
}

function instanceCredential(scene: Scene): void {
  const { dice, seen } = scene;
  const client = scene.from({ loud: 'abroad', moderate: 'google', stealthy: 'aws' }); // prettier-ignore
  const agent = scene.at({ loud: 'aws-cli/2.22.7', moderate: 'Boto3/1.34.2 md/Botocore#1.34.2', stealthy: seen.agent });
  const calls = ['ListBuckets', 'GetCallerIdentity', 'ListUsers', 'DescribeInstances', 'ListSecrets', 'GetSecretValue'];
  const [count, minutes] = scene.at({ loud: [50, 10], moderate: [15, 20], stealthy: [8, 25] } as const);
  const share = scene.at({ loud: 0.8, moderate: 0.3, stealthy: 0 });
  scene.spree(count, minutes, { client, agent }, () => {
    if (!dice.chance(share)) return { route: scene.ownRoute() };
    const method = dice.pick(calls);
    const answer = dice.chance(0.3) ? ({ status: 403, reason: 'access_denied' } as const) : ok;
    return { route: { service: 'iam', method, route: `/${method}` }, answer };
  });
}

/** The session is ended by its owner; the copy of its token is still served somewhere. */
function afterRevocation(scene: Scene): void {
  const { victim, seen, dice, startMs } = scene;
  const { session } = victim;
  if (session === undefined) return;
  const { token } = session.held();
  scene.aside(
    startMs,
    issuerDraft(victim.tenant, 'revoke', { token, principal: victim.principal, session_uid: session.uid }),
  );
  victim.session = undefined;
  const client = scene.from({ loud: 'abroad', moderate: 'nearby', stealthy: 'own' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: seen.agent });
  const [count, minutes] = scene.at({ loud: [40, 20], moderate: [10, 20], stealthy: [3, 4] } as const);
  const held = { token, principal: victim.principal, session: session.uid, endsMs: startMs + 10 * HOUR_MS };
  const fromMs = startMs + scene.at({ loud: 10, moderate: 5, stealthy: 0.5 }) * MINUTE_MS;
  scene.spree(count, minutes, { client, agent, held }, () => scene.explore(0.2, 0), fromMs);
}

/** With a stolen session a key is made that outlives it. */
function addedKey(scene: Scene): void {
  const { victim, seen, dice, startMs } = scene;
  const { tenant, principal } = victim;
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'own' });
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: seen.agent });
  let fromMs = startMs;
  if (scene.level === 'loud') {
    // First refused, then with a right of its own making.
    const route = tenant.delicate[1]!;
    for (let n = 0; n < 4; n += 1) scene.use(startMs + n * 5000, { client, agent, route }, { status: 403, reason: 'insufficient_scope' }); // prettier-ignore
    scene.issuer(startMs + 30_000, 'grant', { principal, client, user_agent: agent });
    scene.use(startMs + 40_000, { client, agent, route });
    fromMs += MINUTE_MS;
  }
  const token = newKey(tenant, 'api_key', `extra-${dice.hex(4)}`, fromMs, dice);
  scene.issuer(fromMs, 'create', { token, principal, client, user_agent: agent });
  const from = scene.level === 'stealthy' ? scene.nearby() : client;
  const held = { token, principal, endsMs: startMs + 24 * HOUR_MS };
  const [count, minutes] = scene.at({ loud: [80, 20], moderate: [25, 30], stealthy: [5, 60] } as const);
  const tool = scene.at({ loud: agent, moderate: dice.pick(tools), stealthy: dice.pick(tools) });
  scene.spree(count, minutes, { client: from, agent: tool, held }, () => scene.explore(scene.level === 'stealthy' ? 0 : 0.4, 0), fromMs + 30_000); // prettier-ignore
}

export const stolen: readonly Attack[] = [
  { id: 'access-token', technique: 'T1528', title: 'a person’s access token replayed', victims: ['browser'], style: 'jwt', run: replay },
  { id: 'phone-token', technique: 'T1528', title: 'an app’s access token replayed', victims: ['phone'], run: replay },
  { id: 'refresh-token', technique: 'T1528', title: 'a refresh token exchanged twice', victims: ['browser'], style: 'jwt', run: refresh },
  { id: 'cookie', technique: 'T1539, T1550.004', title: 'a session cookie replayed', victims: ['browser'], style: 'cookie', run: replay },
  { id: 'account', technique: 'T1078.004', title: 'sign-in with a stolen password', victims: ['browser'], run: account },
  { id: 'workload-key', technique: 'T1550.001', title: 'a workload’s key used elsewhere', victims: ['service'], run: workloadKey },
  { id: 'partner-key', technique: 'T1550.001', title: 'a partner’s key drained', victims: ['partner'], run: partnerKey },
  { id: 'after-revocation', technique: 'T1550.001', title: 'a token used after it was revoked', victims: ['browser'], style: 'cookie', run: afterRevocation },
  { id: 'leaked-pat', technique: 'T1552', title: 'a personal token found in a repository', victims: ['pipeline'], run: leakedToken },
  { id: 'instance-credential', technique: 'T1552.005', title: 'an instance’s credential used elsewhere', victims: ['cloud'], run: instanceCredential },
  { id: 'added-key', technique: 'T1098.001', title: 'a key added with a stolen session', victims: ['browser'], run: addedKey },
]; // prettier-ignore
