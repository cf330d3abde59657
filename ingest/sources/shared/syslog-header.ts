/** `<190>Nov  5 20:47:03 web1 nginx: `; also without priority or host, or with an ISO time, as rsyslog writes files. */
const bsd =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.+Z-]{8,24}) (?:[\w.:-]{0,254}[\w.-] )?([\w./-]{1,48})(?:\[\d{1,10}\])?: /;
/** RFC 5424, `<190>1 2025-11-05T20:47:03Z web1 nginx - - - `, without structured data. */
const rfc5424 = /^<\d{1,3}>1 \d{4}-\d{2}-\d{2}T\S{8,30} \S{1,255} (\S{1,48}) \S{1,128} \S{1,32} - /;

const HEADER_MAX = 640;

/** The message behind a syslog header, whose time is not the request's; a line without one as it is. */
export function withoutSyslogHeader(line: string): string {
  return readSyslogHeader(line).text;
}

/** As {@link withoutSyslogHeader}, with the program that the header names. */
export function readSyslogHeader(line: string): { readonly text: string; readonly program?: string } {
  const isLikely = line.charCodeAt(0) === 0x3c || line.charCodeAt(3) === 0x20 || line.charCodeAt(10) === 0x54;
  if (!isLikely) return { text: line };
  const head = line.slice(0, HEADER_MAX);
  const found = bsd.exec(head) ?? rfc5424.exec(head);
  if (found === null) return { text: line };
  const program = found[1];
  const text = line.slice(found[0].length);
  return program === undefined ? { text } : { text, program };
}
