/**
 * A part of the process with a life of its own.
 *
 * `start` resolves when the part is ready, not before. `stop` is idempotent and legal before `start`; it refuses new
 * work, finishes or hands back what it holds, and gives up at the deadline. Components are stopped in the reverse
 * order of their start.
 */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** @param deadlineMs how long the part may take to drain, in milliseconds. */
  stop(deadlineMs: number): Promise<void>;
}
