import { z } from 'zod';

const tls = z.strictObject({
  ca_file: z.string().optional(),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  reject_unauthorized: z.boolean().default(true),
});

/** How brokers are reached: those of our own log, and those of topics that inputs read. */
export const kafkaConnection = {
  brokers: z.array(z.string().min(3)).min(1),
  client_id: z.string().default('tourniquet'),
  tls: tls.optional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
      username: z.string(),
      password_file: z.string(),
    })
    .optional(),
};

export type KafkaConnection = z.output<z.ZodObject<typeof kafkaConnection, z.core.$strict>>;
