import { grantOf, IssuerClient, type Asking, type Grant } from './issuer-client.js';
import { send } from './http.js';
import { routes, services, type Service } from './mesh.js';
import { passwordOf, secretOf, type Machine, type User } from './realm.js';
import { claimsOf, type Deed, type EdgeRequest, type IssuedToken, type Truth } from './truth.js';

export interface DriverOptions {
  readonly edge: string;
  readonly issuer: string;
  readonly truth: Truth;
}

/** A signed-in user, or a machine with a token of its own; `accessToken` is replaced by a refresh. */
export interface Session {
  readonly owner: string;
  readonly client: string;
  readonly asking: Asking;
  readonly sid: string | undefined;
  accessToken: string;
  refreshToken: string | undefined;
  jti: string;
  refreshJti: string | undefined;
}

export interface LoginOptions extends Partial<Asking> {
  readonly grant?: 'password' | 'authorization_code';
}

export interface RequestOptions {
  readonly method?: string;
  /** Whose token travels; none for an anonymous request. */
  readonly session?: Pick<Session, 'accessToken' | 'asking'>;
  readonly from?: string;
  readonly userAgent?: string;
  /** Sends the token with a broken signature. */
  readonly tampered?: boolean;
}

const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const RENEW_BEFORE_S = 60;

/** Does what users, machines and thieves do, and writes each thing into the truth as it does it. */
export class Driver {
  readonly truth: Truth;
  readonly #edge: string;
  readonly #issuer: IssuerClient;
  readonly #serviceTokens = new Map<Service, Promise<Session>>();

  constructor({ edge, issuer, truth }: DriverOptions) {
    this.truth = truth;
    this.#edge = edge;
    this.#issuer = new IssuerClient(issuer);
  }

  async login(
    user: User,
    { from = '127.0.0.1', userAgent = browser, grant = 'password' }: LoginOptions = {},
  ): Promise<Session> {
    const asking: Asking = { from, userAgent };
    const shared = { client_id: 'web', scope: 'openid' };
    const password = passwordOf(user);
    if (grant === 'password') {
      const fields = { ...shared, grant_type: 'password', username: user, password };
      return this.#begin(grantOf(await this.#issuer.token(fields, asking)), user, 'web', grant, asking);
    }
    const redirect = 'http://127.0.0.1/callback';
    const code = await this.#issuer.code(user, password, redirect, asking);
    const fields = { ...shared, grant_type: 'authorization_code', code, redirect_uri: redirect };
    return this.#begin(grantOf(await this.#issuer.token(fields, asking)), user, 'web', grant, asking);
  }

  async clientLogin(machine: Machine, { from = '127.0.0.1', userAgent = `${machine}/2.1` } = {}): Promise<Session> {
    const asking: Asking = { from, userAgent };
    const fields = { grant_type: 'client_credentials', client_id: machine, client_secret: secretOf(machine) };
    return this.#begin(
      grantOf(await this.#issuer.token(fields, asking)),
      machine,
      machine,
      'client_credentials',
      asking,
    );
  }

  /** Hands in the refresh token; the session goes on with new ones. */
  async refresh(session: Session): Promise<void> {
    const { refreshToken, refreshJti, client, asking } = session;
    if (refreshToken === undefined) throw new Error(`${session.owner} has no refresh token`);
    const fields = { grant_type: 'refresh_token', client_id: client, refresh_token: refreshToken };
    const grant = grantOf(await this.#issuer.token(fields, asking));
    Object.assign(session, this.#record(grant, session.owner, client, 'refresh_token', asking, refreshJti));
  }

  /** A refresh token that was handed in before; Keycloak refuses it and ends the session. */
  async reuseRefreshToken(refreshToken: string, asking: Asking): Promise<number> {
    const fields = { grant_type: 'refresh_token', client_id: 'web', refresh_token: refreshToken };
    return (await this.#issuer.token(fields, asking)).status;
  }

  async logout(session: Session): Promise<void> {
    const { refreshToken, sid } = session;
    if (refreshToken === undefined || sid === undefined) throw new Error(`${session.owner} has no session to end`);
    this.truth.logouts.push({ sid, atMs: Date.now() });
    const done = await this.#issuer.logout({ client_id: 'web', refresh_token: refreshToken }, session.asking);
    if (done.status >= 300) throw new Error(`Keycloak does not log out: ${done.status} ${done.body}`);
  }

  async guessPassword(user: string, password: string, asking: Asking): Promise<void> {
    this.truth.refusedLogins.push({ user, from: asking.from, atMs: Date.now() });
    const fields = { grant_type: 'password', client_id: 'web', username: user, password };
    const answer = await this.#issuer.token(fields, asking);
    if (answer.status !== 401) throw new Error(`a wrong password got ${answer.status} ${answer.body}`);
  }

  /** One request to the edge. The way to the first service is written down before it is sent; services write theirs. */
  async request(path: string, options: RequestOptions = {}): Promise<EdgeRequest> {
    const { method = 'GET', session, tampered = false } = options;
    const from = options.from ?? session?.asking.from ?? '127.0.0.1';
    const userAgent = options.userAgent ?? session?.asking.userAgent ?? browser;
    const token = session === undefined ? undefined : tampered ? tamper(session.accessToken) : session.accessToken;
    const jti = token === undefined || tampered ? undefined : claimsOf(token).jti;
    const atMs = Date.now();
    const first = services.find((service) => path.startsWith(routes[service]));
    const hop = { method, path, atMs };
    this.truth.calls.push({ ...hop, caller: '', callee: 'edge', jti, counts: false });
    this.truth.calls.push({ ...hop, caller: 'edge', callee: 'gateway', jti, counts: false });
    if (first !== undefined) {
      this.truth.calls.push({ ...hop, caller: 'gateway', callee: first, jti, counts: jti !== undefined });
    }
    const headers = { 'user-agent': userAgent, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const { status } = await send({ method, url: `${this.#edge}${path}`, headers, from });
    const done: EdgeRequest = { method, path, from, userAgent, jti, status, atMs };
    this.truth.requests.push(done);
    return done;
  }

  /** The token that a service uses on its own account, renewed before it expires. */
  async serviceToken(service: Service): Promise<string> {
    if (service !== 'payments') throw new Error(`${service} has no account of its own`);
    const held = await this.#serviceTokens.get(service);
    if (held !== undefined && claimsOf(held.accessToken).exp - RENEW_BEFORE_S > Date.now() / 1000)
      return held.accessToken;
    const renewed = this.clientLogin('payments', { userAgent: 'payments/1.0' });
    this.#serviceTokens.set(service, renewed);
    return (await renewed).accessToken;
  }

  /** Runs `act` and writes down when it began and ended. */
  async deed(deed: Omit<Deed, 'fromMs' | 'toMs'>, act: () => Promise<unknown>): Promise<void> {
    const entry: Deed = { ...deed, fromMs: Date.now(), toMs: Date.now() };
    this.truth.deeds.push(entry);
    await act();
    entry.toMs = Date.now();
  }

  #begin(grant: Grant, owner: string, client: string, kind: IssuedToken['grant'], asking: Asking): Session {
    return { owner, client, asking, ...this.#record(grant, owner, client, kind, asking, undefined) };
  }

  #record(
    grant: Grant,
    owner: string,
    client: string,
    kind: IssuedToken['grant'],
    { from }: Asking,
    parent: string | undefined,
  ): Omit<Session, 'owner' | 'client' | 'asking'> {
    const { access_token: accessToken, refresh_token: refreshToken } = grant;
    const { jti, sid } = claimsOf(accessToken);
    const refreshJti = refreshToken === undefined ? undefined : claimsOf(refreshToken).jti;
    const shared = { sid, owner, client, grant: kind, from, parent, atMs: Date.now() };
    this.truth.tokens.push({ ...shared, kind: 'access_token', jti, companion: refreshJti });
    if (refreshJti !== undefined) {
      this.truth.tokens.push({ ...shared, kind: 'refresh_token', jti: refreshJti, companion: jti });
    }
    return { accessToken, refreshToken, jti, sid, refreshJti };
  }
}

/** Another signature: the claims stay what they are, and no one vouches for them. */
function tamper(token: string): string {
  const [head = '', claims = '', signature = ''] = token.split('.');
  return [head, claims, Buffer.from(signature, 'base64url').reverse().toString('base64url')].join('.');
}
