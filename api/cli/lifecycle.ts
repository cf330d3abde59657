import type { Component } from '../../ingest/core/component.js';

/** Parts in the order of their start; stopped in the reverse. */
export class Lifecycle {
  readonly #started: Component[] = [];

  /** Starts the part and takes charge of its stop, also when the start fails half-way. */
  async start<T extends Component>(part: T): Promise<T> {
    this.#started.push(part);
    await part.start();
    return part;
  }

  /**
   * Stops everything that was started, newest first; one part's failure does not keep the others from stopping.
   * @param deadlineMs for each part, milliseconds.
   */
  async stop(deadlineMs: number): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      try {
        await part.stop(deadlineMs);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}

/** Resolves with the first of SIGINT and SIGTERM. A second one ends the process at once. */
export function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const on = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', on);
    process.on('SIGTERM', on);
  });
}
