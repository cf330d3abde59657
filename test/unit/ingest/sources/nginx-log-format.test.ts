import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';

it.each([
  ['no variable at all', 'plain text', /names no variable/],
  ['no time', '$remote_addr "$request" $status', /\$time_local/],
  ['variables without text between them', '$msec$status "$request"', /between \$msec and \$status/],
])('a log_format with %s is refused with what is wrong', (_name, text, words) => {
  expect(() => nginxFactory.create({ log_format: text })).toThrow(words);
});

it('is one of the options that the configuration checks', () => {
  expect(nginxFactory.create({ log_format: '$msec ${remote_addr} "$request" $status' }).product).toBe('nginx');
});
