import { RawSecret } from '../../../../ingest/event/raw-secret.js';
import { githubHashedToken } from '../../../../ingest/event/canonical.js';
import { auth0Factory } from '../../../../ingest/sources/auth0/source.js';
import { entraFactory } from '../../../../ingest/sources/entra/source.js';
import { githubFactory } from '../../../../ingest/sources/github/source.js';
import { kubernetesFactory } from '../../../../ingest/sources/kubernetes/source.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { oktaFactory } from '../../../../ingest/sources/okta/source.js';
import { eventOf } from './source-kit.js';

const nginx = nginxFactory.create({});
const seen = { time: '2025-05-31T10:11:12Z', status: 200, method: 'GET', path: '/' };
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const atProxy = (token: string): string | undefined =>
  eventOf(nginx, { ...seen, authorization: `Bearer ${token}` }).token?.token_uid;
const jwt = (claims: object): string =>
  `${base64url({ alg: 'RS256' })}.${base64url(claims)}.c2lnbmF0dXJlMDEyMzQ1Njc4OQ`;

describe('one token has one name at the proxy and at its issuer', () => {
  it('GitHub: by the hash of the token', () => {
    const token = 'ghp_Zk3vQ9tR7mW2xY5bN8cJ4dL6fH1gP0sAqEuT';
    const record = { '@timestamp': 1, action: 'git.clone', hashed_token: githubHashedToken(new RawSecret(token)) };
    const uid = eventOf(githubFactory.create({}), record).token?.token_uid;
    expect(uid).toMatch(/^tok_/);
    expect(atProxy(token)).toBe(uid);
  });

  it('Auth0: by issuer and jti', () => {
    const record = {
      log_id: '1', date: '2025-05-31T10:11:12Z', type: 'seacft', hostname: 'example.eu.auth0.com', details: { access_token_jti: 'j-1' },
    }; // prettier-ignore
    const uid = eventOf(auth0Factory.create({}), record).token?.token_uid;
    expect(uid).toMatch(/^tok_/);
    expect(atProxy(jwt({ iss: 'https://example.eu.auth0.com/', jti: 'j-1', sub: 'u' }))).toBe(uid);
  });

  it('Okta: by issuer and jti, where the org’s address is given', () => {
    const record = {
      uuid: 'u', published: '2025-05-31T10:11:12Z', eventType: 'app.oauth2.as.token.grant.access_token', actor: { id: 'a', type: 'User' },
      outcome: { result: 'SUCCESS' }, target: [{ id: 'AT.1', type: 'access_token' }],
      debugContext: { debugData: { requestUri: '/oauth2/default/v1/token' } },
    }; // prettier-ignore
    const uid = eventOf(oktaFactory.create({ base: 'https://example.okta.com/' }), record).token?.token_uid;
    expect(uid).toMatch(/^tok_/);
    expect(atProxy(jwt({ iss: 'https://example.okta.com/oauth2/default', jti: 'AT.1', sub: 'u' }))).toBe(uid);
  });

  it('Kubernetes: by issuer and jti of the service account token', () => {
    const record = {
      kind: 'Event', auditID: 'a', stage: 'ResponseComplete', verb: 'get', stageTimestamp: '2025-05-31T10:11:12Z',
      user: { username: 'system:serviceaccount:a:b', extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j-7'] } },
    }; // prettier-ignore
    const { token, principal } = eventOf(kubernetesFactory.create({ issuer: 'https://oidc.example.com' }), record);
    const claims = { iss: 'https://oidc.example.com', jti: 'j-7', sub: 'system:serviceaccount:a:b' };
    const seenThere = eventOf(nginx, { ...seen, authorization: `Bearer ${jwt(claims)}` });
    expect(token?.token_uid).toBe(seenThere.token?.token_uid);
    expect(principal?.principal_uid).toBe(seenThere.principal?.principal_uid);
  });

  it.each(['https://sts.windows.net/t-1/', 'https://login.microsoftonline.com/t-1/v2.0'])(
    'Entra: by uti, whatever %s says',
    (iss) => {
      const record = {
      id: 's', createdDateTime: '2025-05-31T10:11:12Z', status: { errorCode: 0 }, appId: 'a', userId: 'u', uniqueTokenIdentifier: 'uti-1',
    }; // prettier-ignore
      const uid = eventOf(entraFactory.create({}), record).token?.token_uid;
      expect(uid).toMatch(/^tok_/);
      expect(atProxy(jwt({ iss, uti: 'uti-1', sub: 'u' }))).toBe(uid);
      expect(atProxy(jwt({ iss: 'https://elsewhere.example/', uti: 'uti-1', sub: 'u' }))).not.toBe(uid);
    },
  );
});
