import type { KafkaLogOptions } from '../../ingest/log/kafka/kafka-event-log.js';
import type { KafkaConnection } from '../config/kafka-schema.js';
import { readSecretFile } from './secret-file.js';

/** How to reach the brokers of the log, or of a topic that an input reads. @throws AppError TQ_FILE_UNREADABLE */
export function kafkaOptions(
  config: KafkaConnection & { readonly compression?: KafkaLogOptions['compression'] },
): KafkaLogOptions {
  const { brokers, client_id: clientId, compression, tls, sasl } = config;
  return {
    brokers,
    clientId,
    ...(compression === undefined ? {} : { compression }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            rejectUnauthorized: tls.reject_unauthorized,
            ...(tls.ca_file === undefined ? {} : { ca: readSecretFile(tls.ca_file) }),
            ...(tls.cert_file === undefined ? {} : { cert: readSecretFile(tls.cert_file) }),
            ...(tls.key_file === undefined ? {} : { key: readSecretFile(tls.key_file) }),
          },
        }),
    ...(sasl === undefined
      ? {}
      : {
          sasl: {
            mechanism: sasl.mechanism,
            username: sasl.username,
            password: readSecretFile(sasl.password_file).trim(),
          },
        }),
  };
}
