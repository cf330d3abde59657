import { readLogfmt } from '../../../../../ingest/sources/shared/logfmt.js';

const valuesOf = (line: string): Record<string, string> => {
  const read = readLogfmt(line);
  if (!('values' in read)) throw new Error(JSON.stringify(read.fault));
  return { ...read.values };
};

it('reads bare and quoted values, with the escapes of Go', () => {
  expect(valuesOf(String.raw`a=1 b="x \"y\" \n \u00e9 \x1b\\" c= d.e_f-g=h`)).toEqual({
    a: '1',
    b: 'x "y" \n é \u001b\\',
    c: '',
    'd.e_f-g': 'h',
  });
});

it('keeps the first pair of a name: logrus writes its own before what a caller filled', () => {
  expect(valuesOf('msg=own user=x msg=forged')).toEqual({ msg: 'own', user: 'x' });
});

it('names the place of what is no pair and of a quote that does not end', () => {
  expect(readLogfmt('a=1 nonsense')).toEqual({ fault: { field: '', position: 4 } });
  expect(readLogfmt('a=1 b="open')).toEqual({ fault: { field: 'b', position: 6 } });
});

it('takes __proto__ for a name like any other', () => {
  const read = readLogfmt('__proto__=x toString=y');
  expect(Object.entries('values' in read ? read.values : {})).toEqual([
    ['__proto__', 'x'],
    ['toString', 'y'],
  ]);
});

it('reads no more pairs than a record of logrus has', () => {
  const line = Array.from({ length: 400 }, (_, n) => `k${n}=1`).join(' ');
  expect(Object.keys(valuesOf(line))).toHaveLength(128);
});
