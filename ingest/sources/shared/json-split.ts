const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xfeff;

/** Index after the closing quote of the string that opens at `at`; -1 when the line or the text ends inside it. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i += 1;
    else if (code === 0x0a) return -1;
  }
  return -1;
}

/** Index after the object, list, string or bare word that begins at `at`; -1 when the text ends inside it. */
function valueEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return stringEnd(text, at);
  if (first !== 0x7b && first !== 0x5b) {
    let end = at;
    while (end < text.length && !isSpace(text.charCodeAt(end)) && !',]}'.includes(text.charAt(end))) end += 1;
    return end;
  }
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = stringEnd(text, i) - 1;
      if (i < 0) return -1;
    } else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && (isSpace(text.charCodeAt(i)) || text.charCodeAt(i) === 0x2c)) i += 1;
  return i;
}

/** Where the list of one of the wrapper's members begins; -1 when the object is no such wrapper. */
function wrappedList(text: string, open: number, names: readonly string[]): number {
  let at = open + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== QUOTE) return -1;
    const keyEnd = stringEnd(text, at);
    if (keyEnd < 0) return -1;
    const key = text.slice(at + 1, keyEnd - 1);
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== 0x3a) return -1;
    at = skipSpace(text, at + 1);
    if (names.includes(key) && text.charCodeAt(at) === 0x5b) return at;
    const end = valueEnd(text, at);
    if (end <= at) return -1;
    at = end;
  }
}

/** A `[` opens a JSON list only if a record, another list or the end of the list follows; else it is a log line. */
function opensList(text: string, at: number): boolean {
  const next = text.charAt(skipSpace(text, at + 1));
  return next === '{' || next === '[' || next === '"' || next === ']';
}

/** After so many records that break off, the rest is read line by line: looking for ends again would not be linear. */
const maxRecoveries = 16;

/**
 * Takes a document apart into raw records: a JSON list, an object that wraps one (`{"Records": […]}`), several JSON
 * texts one after another (also pretty-printed ones), or plain lines. The slices are the document's own text, so
 * nothing is parsed twice; whether a slice is good JSON is for `parse` to say. A record that breaks off becomes a
 * record of its own, up to its line end, and its neighbours are kept. Linear.
 *
 * @param wrappers names of members whose list holds the records.
 */
export function splitDocument(document: string, wrappers: readonly string[]): readonly string[] {
  const records: string[] = [];
  let recoveries = 0;
  let at = skipSpace(document, 0);
  while (at < document.length) {
    const first = document.charCodeAt(at);
    const isJson = first === 0x7b || (first === 0x5b && opensList(document, at));
    const list =
      !isJson || recoveries >= maxRecoveries ? -1 : first === 0x5b ? at : wrappedList(document, at, wrappers);
    let end = -1;
    if (list >= 0) {
      end = takeMembers(document, list, records);
      if (list !== at && end < document.length) end = closeWrapper(document, at, end);
    } else {
      if (isJson && recoveries < maxRecoveries) {
        end = valueEnd(document, at);
        if (end < 0) recoveries += 1;
      }
      if (end < 0) end = lineEnd(document, at);
      const record = document.slice(at, end).trimEnd();
      if (record !== '') records.push(record);
    }
    at = skipSpace(document, end);
  }
  return records;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** Index after the wrapper object whose list ended at `listEnd`; what stands between them is no record. */
function closeWrapper(text: string, open: number, listEnd: number): number {
  for (let i = skipSpace(text, listEnd); i < text.length; i = skipSpace(text, i)) {
    const code = text.charCodeAt(i);
    if (code === 0x7d) return i + 1;
    const end = code === 0x3a ? i + 1 : valueEnd(text, i);
    if (end <= i) break;
    i = end;
  }
  return Math.max(listEnd, open + 1);
}

/** Adds the members of the list that opens at `open`; returns the index after it, or the text's end if it breaks off. */
function takeMembers(text: string, open: number, records: string[]): number {
  let at = skipSpace(text, open + 1);
  while (at < text.length && text.charCodeAt(at) !== 0x5d) {
    const end = valueEnd(text, at);
    if (end <= at) {
      records.push(text.slice(at).trimEnd());
      return text.length;
    }
    records.push(text.slice(at, end));
    at = skipSpace(text, end);
  }
  return Math.min(text.length, at + 1);
}
