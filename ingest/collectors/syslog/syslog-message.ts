/** What a syslog header says, and what the program wrote behind it. */
export interface SyslogMessage {
  /** APP-NAME of RFC 5424, TAG of RFC 3164. */
  readonly appName?: string;
  /** The program's own line. */
  readonly text: string;
}

const PRIORITY = /^<\d{1,3}>/;
/** VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID, and where STRUCTURED-DATA begins. */
const RFC5424 = /^1 (?:-|\d{4}-\d\d-\d\dT\S{1,40}) \S{1,255} (\S{1,48}) \S{1,128} \S{1,32} (?=[-[])/;
/** `Nov 28 15:42:18`, with a year as some write it, or RFC 3339. */
const TIME =
  /^(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT[\d:.,]{8,24}(?:Z|[+-]\d\d:?\d\d)?) /;
const TAG = /^([A-Za-z0-9_./-]{1,64})(?:\[\d{1,10}\])?: ?/;
const HOST = /^\S{1,255} /;
const LINE_END = /[\r\n\0]+$/;

/** Index after STRUCTURED-DATA, which begins at `at`; -1 when it does not end. */
function structuredDataEnd(text: string, at: number): number {
  if (text.charAt(at) === '-') return at + 1;
  let i = at;
  while (text.charAt(i) === '[') {
    let isQuoted = false;
    for (i += 1; i < text.length; i += 1) {
      const c = text.charAt(i);
      if (isQuoted && c === '\\') i += 1;
      else if (c === '"') isQuoted = !isQuoted;
      else if (c === ']' && !isQuoted) break;
    }
    if (i >= text.length) return -1;
    i += 1;
  }
  return i;
}

const withoutBom = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);

/**
 * Takes the header off a message of RFC 5424 or RFC 3164, the latter also without host, as HAProxy and NGINX may send
 * it. What has no header is the program's line as it is: Kong's tcp-log and Vault's socket device send bare JSON.
 */
export function readSyslog(raw: string): SyslogMessage {
  const line = raw.replace(LINE_END, '');
  const priority = PRIORITY.exec(line)?.[0];
  if (priority === undefined) return { text: withoutBom(line) };
  const rest = line.slice(priority.length);
  const modern = RFC5424.exec(rest);
  if (modern !== null) {
    const end = structuredDataEnd(rest, modern[0].length);
    if (end >= 0) {
      const appName = modern[1];
      const text = withoutBom(rest.slice(end).replace(/^ /, ''));
      return appName === undefined || appName === '-' ? { text } : { appName, text };
    }
  }
  return readOld(rest);
}

function readOld(rest: string): SyslogMessage {
  const time = TIME.exec(rest)?.[0];
  if (time === undefined) return taken(rest) ?? { text: rest };
  const behind = rest.slice(time.length);
  const direct = taken(behind);
  if (direct !== undefined) return direct;
  const host = HOST.exec(behind)?.[0];
  if (host === undefined) return { text: behind };
  const content = behind.slice(host.length);
  // Without a tag the first word may be the line's own; before JSON it can only be a host.
  return taken(content) ?? { text: content.startsWith('{') ? content : behind };
}

function taken(text: string): SyslogMessage | undefined {
  const found = TAG.exec(text);
  return found?.[1] === undefined ? undefined : { appName: found[1], text: text.slice(found[0].length) };
}
