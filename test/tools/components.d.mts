export interface Component {
  readonly name: string;
  /** The commands or packages that bring it. */
  readonly mend: string;
  ready(): boolean;
  /** Resolves with undefined, or with what went wrong. */
  install(): Promise<string | undefined>;
}

export const components: readonly Component[];
export function keycloakHome(): string | undefined;
export function envoyProgram(): string | undefined;
export function nginxProgram(): string | undefined;
export function haproxyProgram(): string | undefined;
