import { readSyslog } from '../../../../ingest/collectors/syslog/syslog-message.js';
import { SyslogFramer } from '../../../../ingest/collectors/syslog/syslog-framing.js';

it.each([
  ['RFC 5424', '<165>1 2026-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 - \uFEFFAn event', 'evntslog', 'An event'],
  ['structured data with quotes and brackets', '<165>1 2026-10-11T22:14:15Z h app 12 ID [a@1 x="\\"]y" b="\\\\"][c@1] GET /', 'app', 'GET /'],
  ['nil values', '<34>1 - - - - - - {"a":1}', undefined, '{"a":1}'],
  ['no message', '<34>1 2026-10-11T22:14:15Z h app - - -', 'app', ''],
  ['NGINX', '<190>Nov  8 15:42:18 edge nginx: 192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5', 'nginx', '192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5'],
  ['NGINX without host', '<190>Nov 28 15:42:18 nginx: {"a": "b"}', 'nginx', '{"a": "b"}'],
  ['HAProxy', '<134>Nov 28 15:42:18 haproxy[4321]: 10.0.0.1:33 [28/Nov/2026:15:42:18.655] f b/s', 'haproxy', '10.0.0.1:33 [28/Nov/2026:15:42:18.655] f b/s'],
  ['a year and a path as tag', '<13>Nov 28 2026 15:42:18 h usr/sbin/app[1]: x', 'usr/sbin/app', 'x'],
  ['RFC 3339 without a version', '<13>2026-11-28T15:42:18.123456+01:00 host app: x', 'app', 'x'],
  ['a host before JSON without tag', '<13>Nov 28 15:42:18 host {"a":1}', undefined, '{"a":1}'],
  ['neither host nor tag', '<13>Nov 28 15:42:18 GET /x 200', undefined, 'GET /x 200'],
  ['no time', '<13>app: x', 'app', 'x'],
  ['nothing but a priority', '<13>whatever comes', undefined, 'whatever comes'],
  ['no header, as Kong and Vault send', '{"time":"x","auth":{}}\n', undefined, '{"time":"x","auth":{}}'],
  ['structured data without end', '<34>1 2026-10-11T22:14:15Z h app - - [a x="', undefined, '1 2026-10-11T22:14:15Z h app - - [a x="'],
  ['line ends and zero bytes', '<13>Nov 28 15:42:18 h app: x\r\n\0', 'app', 'x'],
  ['nothing', '', undefined, ''],
])('reads %s', (_name, raw, appName, text) => {
  expect(readSyslog(raw)).toEqual(appName === undefined ? { text } : { appName, text });
}); // prettier-ignore

it('never hangs on hostile headers', () => {
  const started = Date.now();
  for (const raw of [
    `<1>${'1 '.repeat(50_000)}`,
    `<34>1 - - - - - ${'[a b="'.repeat(50_000)}`,
    `<13>Nov 28 15:42:18 ${'a'.repeat(200_000)}`,
    `<13>${'[]:'.repeat(60_000)}`,
  ])
    expect(readSyslog(raw).text.length).toBeGreaterThan(0);
  expect(Date.now() - started).toBeLessThan(1_000);
});

describe('framing', () => {
  /** The frames of the bytes, however they were cut. */
  const framesOf = (bytes: string | Buffer, size: number, max = 1_000): [string, boolean][] => {
    const framer = new SyslogFramer(max);
    const all = Buffer.from(bytes as string);
    const frames = [];
    for (let i = 0; i < all.length; i += size) frames.push(...framer.push(all.subarray(i, i + size)));
    frames.push(...framer.flush());
    return frames.map(({ text, truncated }) => [text, truncated]);
  };
  const counted = (...messages: string[]): string =>
    messages.map((m) => `${String(Buffer.byteLength(m))} ${m}`).join('');

  it.each([
    ['lines', '<1>a\n<2>b\r\n<3>c', [['<1>a', false], ['<2>b', false], ['<3>c', false]]],
    ['messages that end with NUL', '<1>a\0<2>b\0\n<3>c\0', [['<1>a', false], ['<2>b', false], ['<3>c', false]]],
    ['lines that begin with digits', '10.0.0.1 - x\n7 y\n', [['10.0.0.1 - x', false], ['7 y', false]]],
    ['counted messages with line ends inside', counted('<1>a\nb', '<2>ü'), [['<1>a\nb', false], ['<2>ü', false]]],
    ['counted messages with line ends between', `${counted('<1>a')}\n${counted('<2>b')}\n`, [['<1>a', false], ['<2>b', false]]],
    ['a counted message cut off', '20 <1>abc', [['<1>abc', true]]],
    ['a count that is none', `${counted('<1>a')}xyz <2>b`, [['<1>a', false], ['xyz <2>b', true]]],
    ['a short rest', '12', [['12', false]]],
    ['nothing', '', []],
  ])('takes %s apart, however they are cut', (name, bytes, expected) => {
    const sizes = name === 'a count that is none' ? [1_000] : [1, 2, 3, 7, 1_000];
    for (const size of sizes) expect([size, framesOf(bytes, size)]).toEqual([size, expected]);
  }); // prettier-ignore

  it('keeps the beginning of what is too long and stays in step', () => {
    const long = `<1>${'x'.repeat(5_000)}`;
    for (const size of [1, 100, 10_000]) {
      const found = framesOf(counted(long, '<2>b'), size, 500);
      expect(found).toEqual([[long.slice(0, 500), true], ['<2>b', false]]);
      expect(framesOf(`${long}\n<2>b\n`, size, 500)).toEqual([[long.slice(0, 500), true], ['<2>b', false]]);
    } // prettier-ignore
  });

  it('holds no more than a beginning of a message that claims a gigabyte', () => {
    const framer = new SyslogFramer(1_000);
    framer.push(Buffer.from('999999999 <1>'));
    for (let i = 0; i < 2_000; i += 1) framer.push(Buffer.alloc(65_536, 0x61));
    const [frame] = framer.flush();
    expect([frame?.truncated, frame?.text.length]).toEqual([true, 1_000]);
  });
});
