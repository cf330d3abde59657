import { AppError } from '../../core/errors.js';

interface KafkaFailure {
  readonly name: string;
  readonly type: string | undefined;
  readonly message: string;
}

/** Protocol errors that repeating does not mend, and what does. */
const refusals: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'Raise max.message.bytes of the topic, or put fewer events into one record.',
  RECORD_LIST_TOO_LARGE: 'Raise max.message.bytes of the topic, or put fewer events into one record.',
  INVALID_RECORD: 'The broker checks records of this topic; look at its configuration.',
  INVALID_TIMESTAMP: 'The topic refuses timestamps this far from now (message.timestamp.*.max.ms).',
  INVALID_TOPIC_EXCEPTION: 'Give the topic a name that Kafka takes.',
  INVALID_PARTITIONS: 'Give the topic one partition or more.',
  INVALID_REPLICATION_FACTOR: 'Set log.replication_factor to no more than the number of brokers.',
  INVALID_CONFIG: 'The broker does not take a setting of the topic; see the cause.',
  POLICY_VIOLATION: 'A policy of the broker forbids this topic; create it by hand.',
  OFFSET_METADATA_TOO_LARGE: 'Raise offset.metadata.max.bytes of the broker.',
  TOPIC_AUTHORIZATION_FAILED: 'Allow this user to read, write and describe the topic (kafka-acls).',
  GROUP_AUTHORIZATION_FAILED: 'Allow this user to read the consumer group (kafka-acls).',
  CLUSTER_AUTHORIZATION_FAILED:
    'Allow this user IdempotentWrite on the cluster (kafka-acls), or create the topics by hand.',
  UNKNOWN_TOPIC_OR_PARTITION: 'Create the topic first, or correct its name.',
  UNSUPPORTED_VERSION: 'Use Apache Kafka 2.5 or newer.',
};

/** OpenSSL's and Node's words, which kafkajs hands on as text alone. */
const certificateFault = /certificate|self[- ]signed|does not match certificate's altnames|unable to verify/i;
const tlsFault = /wrong version number|packet length too long|SSL routines|ssl3_|tls_|EPROTO/i;

/** The failure at the bottom: kafkajs wraps it once for every layer of retries. */
function rootOf(error: unknown): KafkaFailure {
  let current: unknown = error;
  for (let depth = 0; depth < 8; depth += 1) {
    if (!(current instanceof Error)) break;
    if ('errors' in current && Array.isArray(current.errors) && current.errors[0] instanceof Error) {
      current = current.errors[0];
    } else if (current.cause instanceof Error && !('type' in current && typeof current.type === 'string')) {
      current = current.cause;
    } else break;
  }
  if (!(current instanceof Error)) return { name: 'Error', type: undefined, message: String(current) };
  const type = 'type' in current && typeof current.type === 'string' ? current.type : undefined;
  return { name: current.name, type, message: current.message };
}

/** Kafka's name of the error, such as ILLEGAL_GENERATION; undefined for network and client errors. */
export const protocolType = (error: unknown): string | undefined => rootOf(error).type;

/** A failure of kafkajs as one of ours. @param what the operation, as in "could not `what`". */
export function kafkaError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const root = rootOf(error);
  const mend = root.type === undefined ? undefined : refusals[root.type];
  if (mend !== undefined) {
    return new AppError('TQ_LOG_REFUSED', `Kafka refused to ${what}: ${root.message}.`, { mend, cause: error });
  }
  if (root.name === 'KafkaJSSASLAuthenticationError' || root.type === 'SASL_AUTHENTICATION_FAILED') {
    return unavailable(`Kafka did not accept the credentials, so it could not ${what}`, error, {
      mend: 'Correct log.sasl (mechanism, username, password_file).',
    });
  }
  const said = root.message.replace(/\.$/, '');
  if (certificateFault.test(said)) {
    return unavailable(`Kafka's certificate was not accepted, so it could not ${what}: ${said}`, error, {
      mend: 'Name the authority that signed the brokers’ certificates in log.tls.ca_file, and the brokers in log.brokers as their certificates do.',
    });
  }
  if (tlsFault.test(said)) {
    return unavailable(`Kafka could not be spoken to over TLS, so it could not ${what}: ${said}`, error, {
      mend: 'Give log.brokers the port of a TLS listener, or take log.tls out.',
    });
  }
  return unavailable(`Kafka could not ${what}: ${said}`, error, {
    mend: 'See that the brokers of log.brokers run, can be reached, and ask for the TLS and SASL that log.tls and log.sasl say; it is tried again by itself.',
  });
}

function unavailable(message: string, cause: unknown, { mend }: { mend: string }): AppError {
  return new AppError('TQ_LOG_UNAVAILABLE', `${message}.`, { retryable: true, retryAfterMs: 1_000, mend, cause });
}

export const stoppedError = (): AppError =>
  new AppError('TQ_LOG_UNAVAILABLE', 'The Kafka event log is not started or is stopping.', {
    retryable: true,
    mend: 'Repeat the operation after the start.',
  });
