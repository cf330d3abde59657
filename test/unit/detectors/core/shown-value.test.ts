import { dimensions } from '../../../../detectors/core/dimensions.js';
import { shownValue } from '../../../../detectors/core/shown-value.js';
import { makeEvent } from '../../../support/token-events.js';

const route = dimensions.find(({ name }) => name === 'route');
const shown = (target: { service?: string; method?: string; route: string }): string =>
  shownValue(route?.of({ ...makeEvent({ timeMs: 0, token: 'a' }), target }) ?? '');

describe('what a finding says of a value', () => {
  it('has no gap where the service or the method of a route is not told', () => {
    expect(shown({ method: 'GET', route: '/v1/orders' })).toBe('GET /v1/orders');
    expect(shown({ service: 'shop', route: '/v1/orders' })).toBe('shop /v1/orders');
    expect(shown({ service: 'shop', method: 'GET', route: '/v1/orders' })).toBe('shop GET /v1/orders');
  });

  it('is cut', () => {
    expect(shownValue('x'.repeat(500))).toHaveLength(120);
  });
});
