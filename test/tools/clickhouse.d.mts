export interface ClickHouseProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * @param directory of the engine; data that is sent lies in a folder beside it.
 * @param users their passwords by name.
 */
export function startClickHouse(directory: string, users: Readonly<Record<string, string>>): Promise<ClickHouseProcess>;
