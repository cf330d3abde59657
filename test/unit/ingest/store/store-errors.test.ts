import { AppError } from '../../../../ingest/core/errors.js';
import { toStoreError } from '../../../../ingest/store/store-errors.js';

const write = { what: 'insert into alerts', kind: 'write' } as const;
const query = { what: 'query tokens', kind: 'query' } as const;
const failure = (fields: object, cause?: unknown): Error =>
  Object.assign(new Error('row (secret value) is wrong', { cause }), fields);

describe('toStoreError', () => {
  it.each([
    ['a server error', failure({ code: '252', type: 'TOO_MANY_PARTS' }), write, 'TQ_STORE_UNAVAILABLE', true],
    ['an embedded error', failure({ code: 'CHDB_QUERY', clickhouseCode: 999 }), write, 'TQ_STORE_UNAVAILABLE', true],
    ['an error inside another', failure({}, failure({ clickhouseCode: 62 })), write, 'TQ_STORE_REFUSED', false],
    [
      'a write that took too long',
      failure({ code: '159', type: 'TIMEOUT_EXCEEDED' }),
      write,
      'TQ_STORE_UNAVAILABLE',
      true,
    ],
    [
      'a query that took too long',
      failure({ code: '159', type: 'TIMEOUT_EXCEEDED' }),
      query,
      'TQ_STORE_REFUSED',
      false,
    ],
    [
      'a query with too many rows',
      failure({ code: '396', type: 'TOO_MANY_ROWS_OR_BYTES' }),
      query,
      'TQ_STORE_REFUSED',
      false,
    ],
    ['a full disk of the server', failure({ code: '243', type: 'NOT_ENOUGH_SPACE' }), write, 'TQ_DISK_FULL', true],
    ['a full disk of ours', failure({ code: 'ENOSPC' }), write, 'TQ_DISK_FULL', true],
    ['a full disk below', failure({}, failure({ code: 'ENOSPC' })), write, 'TQ_DISK_FULL', true],
    ['a read-only directory', failure({ code: 'EROFS' }), write, 'TQ_DATA_DIR_UNUSABLE', false],
    ['a refused connection', failure({ code: 'ECONNREFUSED' }), write, 'TQ_STORE_UNAVAILABLE', true],
    ['a time-out without a code', failure({}), write, 'TQ_STORE_UNAVAILABLE', true],
    ['something that is no error', 'oops', write, 'TQ_STORE_UNAVAILABLE', true],
  ] as const)('tells %s', (_, error, operation, code, retryable) => {
    const told = toStoreError(error, operation);
    expect({ code: told.code, retryable: told.retryable }).toEqual({ code, retryable });
    expect(told.message).not.toContain('secret value');
    expect(told.cause).toBe(error);
  });

  it('leaves our own errors as they are', () => {
    const own = new AppError('TQ_EVENT_INVALID', 'x');
    expect(toStoreError(own, write)).toBe(own);
  });

  it('ends at causes that go round', () => {
    const round = failure({});
    round.cause = round;
    expect(toStoreError(round, write).code).toBe('TQ_STORE_UNAVAILABLE');
  });
});
