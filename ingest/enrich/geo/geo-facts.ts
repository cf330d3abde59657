/** What is known of the place and network of an address. */
export interface GeoFacts {
  /** ISO 3166-1 alpha-2. */
  readonly country?: string;
  readonly city?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly asn?: number;
  readonly asName?: string;
}

/** One database; `lookup` is pure and throws on nothing. */
export interface GeoDatabase {
  /** As people may know it: type and build date. */
  readonly description: string;
  lookup(address: string): GeoFacts;
}
