/** A real broker. `down` takes it away without a goodbye, `up` brings it back with its data at the same address. */
export interface TestKafka {
  readonly brokers: string[];
  /** Where a broker of ours keeps everything; undefined for one that is not ours. */
  readonly directory?: string;
  /** Listeners for TLS, and for TLS with SCRAM, where they were asked for. */
  readonly tlsBroker?: string;
  readonly saslBroker?: string;
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestKafkaOptions {
  /** A broker that may be taken down, even when KAFKA_BROKERS names one. */
  readonly own?: boolean;
  /** It is to be as fast as it can be once it is warm, rather than up early. */
  readonly measured?: boolean;
  /** Additional server.properties of a broker of ours. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Adds a TLS listener and one with SCRAM users; needs `own`. */
  readonly secure?: {
    /** PKCS #12 with the broker's key and certificate. */
    readonly keystore: string;
    readonly password: string;
    readonly users: readonly {
      readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }[];
  };
}

export function startKafka(options?: TestKafkaOptions): Promise<TestKafka>;
export const pomPath: string;
export function kafkaVersion(): string;
export function jarsDirectory(): string;
export function haveJars(): boolean;
export function answers(command: string, args: readonly string[]): boolean;
