import { cloudtrailFactory } from '../../../../../ingest/sources/cloudtrail/source.js';
import { eventOf } from '../source-kit.js';

const source = cloudtrailFactory.create({});

describe('secrets', () => {
  it.each([
    ['GetSecretValue', { secretId: 'prod/orders/db' }, 'prod/orders/db', '{secret}'],
    ['GetParameter', { name: '/prod/orders/mail', withDecryption: true }, '/prod/orders/mail', '{secret}'],
    ['ListSecrets', { secretId: 'prod/orders/db' }, undefined, undefined],
  ])('%s tells which one was asked for', (eventName, requestParameters, path, route) => {
    const { target } = eventOf(source, {
      eventVersion: '1.09',
      eventTime: '2026-01-05T09:00:00Z',
      eventSource: 'secretsmanager.amazonaws.com',
      eventName,
      eventID: 'e-secret',
      userIdentity: {
        type: 'IAMUser',
        arn: 'arn:aws:iam::111122223333:user/anna',
        accessKeyId: 'AKIAEXAMPLEANNA0001A',
      },
      requestParameters,
    });
    expect([target?.path, target?.route]).toEqual([path, route]);
  });
});
