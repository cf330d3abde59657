import { readSnippet } from './places.js';

export const users = ['alice', 'bob', 'carol', 'dave', 'erin'] as const;
export type User = (typeof users)[number];
export const passwordOf = (user: User): string => `${user}-password-of-the-lab`;

/** Clients that get tokens of their own; what they may is a scope, which the sidecars check. */
export const machines = { reports: ['shop.stock'], payments: ['shop.stock'], crawler: ['shop.orders'] } as const;
export type Machine = keyof typeof machines;
export const secretOf = (machine: Machine): string => `${machine}-secret-of-the-lab`;

interface Part {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const builtIn = ['basic', 'acr', 'profile', 'email', 'roles', 'web-origins'];

/** The realm as requests to the Admin API, in order. */
export function realmParts(realm: string): Part[] {
  const at = (path: string, body: unknown): Part => ({ method: 'POST', path: `/admin/realms/${realm}${path}`, body });
  return [
    {
      method: 'POST',
      path: '/admin/realms',
      body: {
        realm,
        enabled: true,
        sslRequired: 'none',
        accessTokenLifespan: 300,
        // Refresh tokens rotate, and a used one is refused (RFC 9700, 4.14).
        revokeRefreshToken: true,
        refreshTokenMaxReuse: 0,
        ...(JSON.parse(readSnippet('keycloak/realm-events.json')) as object),
        users: users.map((user) => ({
          username: user,
          enabled: true,
          email: `${user}@shop.example`,
          emailVerified: true,
          firstName: user,
          lastName: 'Lab',
          credentials: [{ type: 'password', value: passwordOf(user), temporary: false }],
        })),
      },
    },
    ...['shop.orders', 'shop.stock'].map((name) =>
      at('/client-scopes', { name, protocol: 'openid-connect', attributes: { 'include.in.token.scope': 'true' } }),
    ),
    at('/clients', {
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      standardFlowEnabled: true,
      redirectUris: ['http://127.0.0.1/*'],
      defaultClientScopes: [...builtIn, 'shop.orders', 'shop.stock'],
    }),
    ...Object.entries(machines).map(([clientId, scopes]) =>
      at('/clients', {
        clientId,
        secret: secretOf(clientId as Machine),
        publicClient: false,
        serviceAccountsEnabled: true,
        standardFlowEnabled: false,
        defaultClientScopes: [...builtIn, ...scopes],
      }),
    ),
  ];
}
