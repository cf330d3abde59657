import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Component } from '../../ingest/core/component.js';
import type { Surroundings } from './open-parts.js';

/** Holds a free port of an address until whoever is to listen there does. */
class HeldPort implements Component {
  readonly name = 'held port';
  readonly #host: string;
  readonly #server = createServer((socket) => socket.destroy());

  constructor(host: string) {
    this.#host = host;
  }

  /** The port; after {@link start}. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.#server.listen(0, this.#host);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * The configuration with a number for `api.port: 0`: alerts are raised, and their links written, before the API listens.
 * Whatever cannot be bound here is left for the API to complain of.
 */
export async function withApiPort(s: Surroundings): Promise<Surroundings> {
  const { api } = s.config;
  if (api.port !== 0) return s;
  const held = new HeldPort(api.host);
  try {
    await s.lifecycle.start(held);
  } catch {
    return s;
  }
  const config = { ...s.config, api: { ...api, port: held.port } };
  return { ...s, config, releaseApiPort: () => held.stop() };
}
