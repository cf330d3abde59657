import { form, formHeaders, send, type Answer } from './http.js';

export interface Grant {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

export interface Asking {
  readonly from: string;
  readonly userAgent: string;
}

/** What a browser or an application says to Keycloak, over plain HTTP. */
export class IssuerClient {
  readonly #issuer: string;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  token(fields: Readonly<Record<string, string>>, asking: Asking): Promise<Answer> {
    return this.#post('/protocol/openid-connect/token', fields, asking);
  }

  logout(fields: Readonly<Record<string, string>>, asking: Asking): Promise<Answer> {
    return this.#post('/protocol/openid-connect/logout', fields, asking);
  }

  #post(path: string, fields: Readonly<Record<string, string>>, { from, userAgent }: Asking): Promise<Answer> {
    const headers = { ...formHeaders, 'user-agent': userAgent };
    return send({ method: 'POST', url: `${this.#issuer}${path}`, headers, body: form(fields), from });
  }

  /** The authorization code flow as a browser walks it: login page, its form with cookies, the code in the redirect. */
  async code(user: string, password: string, redirect: string, { from, userAgent }: Asking): Promise<string> {
    const query = form({ client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: redirect });
    const headers = { 'user-agent': userAgent };
    const page = await send({ url: `${this.#issuer}/protocol/openid-connect/auth?${query}`, headers, from });
    const action = /action="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
    if (page.status !== 200 || action === undefined) throw new Error(`no login page: ${page.status} ${page.body}`);
    const set = [page.headers['set-cookie'] ?? []].flat();
    const cookie = set.map((one) => one.split(';', 1)[0]).join('; ');
    const done = await send({
      method: 'POST',
      url: action,
      headers: { ...headers, ...formHeaders, cookie },
      body: form({ username: user, password }),
      from,
    });
    const location = done.headers['location'];
    const code = typeof location === 'string' ? new URL(location).searchParams.get('code') : null;
    if (code === null) throw new Error(`the login form gave no code: ${done.status} ${done.body.slice(0, 500)}`);
    return code;
  }
}

/** @throws Error with Keycloak's words when it gave no token. */
export function grantOf(answer: Answer): Grant {
  if (answer.status !== 200) throw new Error(`Keycloak gave no token: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as Grant;
}
