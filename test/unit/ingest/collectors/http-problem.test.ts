import { httpFault, problemBody } from '../../../../ingest/collectors/http/problem.js';
import { AppError } from '../../../../ingest/core/errors.js';

describe('what a sender and an operator hear of a batch that was not taken', () => {
  it('tells the operator the place and the mend, and the sender to come again', () => {
    const full = new AppError('TQ_DISK_FULL', 'Only 12 MB are free for /data/log.', { retryable: true, mend: 'Free space.' });
    const fault = httpFault(full);
    expect(fault).toMatchObject({ status: 503, reason: 'Only 12 MB are free for /data/log. Free space.', retryAfterS: 5 });
    expect(JSON.stringify(problemBody(fault))).not.toContain('/data/log');
  }); // prettier-ignore

  it('logs no words of an error that is not its own: they may quote the body', () => {
    expect(httpFault(new TypeError('unexpected token "s3cr3t"')).reason).toBe('TypeError');
  });

  it('logs nothing for a fault of the sender', () => {
    expect(httpFault(new AppError('TQ_TOO_LARGE', 'The body is too large.')).reason).toBeUndefined();
  });
});
