import { z } from 'zod';
import { severities, type Severity } from '../../core/detector.js';
import { detectorIds } from '../../detector-ids.js';
import { ruleLimits, testForm } from '../../rules/rule-schema.js';
import { eventFaults, lastSecond } from '../../rules/test-events.js';

/** Bounds of the tests of one configuration: they are read wherever it is. */
const TESTS_MAX = 32;
const DAYS_MAX = 100;

/** Findings of a detector, or of one of its measures. */
export interface Expectation {
  readonly detector: string;
  readonly measure?: string;
  readonly entity?: string;
  readonly severityMin: Severity;
}

const FORM = 'a detector, or detector/measure such as rate/requests';
const name = z
  .string(FORM)
  .regex(/^[a-z]+(\/[a-z][a-z0-9_]*(:[a-z0-9_-]{1,64})?)?$/, FORM)
  .refine((text) => detectorIds.some((id) => id === text.split('/')[0]), {
    error: `not a detector; use one of ${detectorIds.filter((id) => id !== 'honeytoken').join(', ')}`,
  })
  // Which secrets are decoys is not in the configuration.
  .refine((text) => !text.startsWith('honeytoken'), { error: 'no test has decoys' });

const expectation = z
  .preprocess(
    (value) => (typeof value === 'string' ? { finding: value } : value),
    z.strictObject(
      { finding: name, entity: z.string().min(1).max(1024).exactOptional(), severity_min: z.enum(severities).default('info') },
      { error: (issue) => (issue.code === 'invalid_type' ? `${FORM}, or finding with entity and severity_min` : undefined) },
    ),
  )
  .transform(({ finding, entity, severity_min }): Expectation => {
    const [detector = '', measure] = finding.split('/');
    return {
      detector,
      ...(measure !== undefined && { measure }),
      ...(entity !== undefined && { entity }),
      severityMin: severity_min,
    };
  }); // prettier-ignore

const expectations = z.array(expectation).max(64);

/** What the shape does not show. */
function faultsOf(test: Parameters<typeof lastSecond>[0]): ReturnType<typeof eventFaults> {
  const at = ['events'];
  const events = test.events.reduce((sum, { count }) => sum + count, 0);
  return [
    ...eventFaults(test),
    ...(events > ruleLimits.testEventsMax
      ? [{ at, message: `${events} events, at most ${ruleLimits.testEventsMax}`, mend: 'Lower count, or part the test.' }]
      : []),
    ...(lastSecond(test) > DAYS_MAX * 86_400
      ? [{ at, message: `the last event comes after more than ${DAYS_MAX} days`, mend: 'Lower count, or every.' }]
      : []),
  ];
} // prettier-ignore

const settingTest = z
  .strictObject({
    ...testForm,
    /** Each must be found, once or more; without `not` nothing else may be. */
    expect: expectations.optional(),
    /** None of them may be found; anything else may. */
    not: expectations.min(1).optional(),
  })
  .refine(({ expect, not }) => expect !== undefined || not !== undefined, {
    error: 'needs expect, which is [] where all must stay quiet, or not',
  })
  .superRefine((test, context) => {
    for (const { at, message, mend } of faultsOf(test)) {
      context.addIssue({ code: 'custom', path: [...at], message, params: { mend } });
    }
  });

export type SettingTest = z.output<typeof settingTest>;

/** `detectors.tests` of the configuration. */
export const settingTestsSchema = z.array(settingTest).max(TESTS_MAX).default([]);
