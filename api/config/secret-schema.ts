import { z } from 'zod';

/** A secret that Tourniquet has to know: in a file, or in the environment as `secret: ${NAME}`. */
export const secretKeys = {
  secret_file: z.string().min(1).optional(),
  secret: z.string().min(1).max(65_536).optional(),
};

export interface SecretConfig {
  readonly secret_file?: string | undefined;
  readonly secret?: string | undefined;
}

export const hasOneSecret = ({ secret, secret_file }: SecretConfig): boolean =>
  (secret === undefined) !== (secret_file === undefined);

export const oneSecretFault = {
  message: 'needs secret_file, or secret with a reference to the environment, and not both',
  path: ['secret_file'],
};
