/** A segment of a path template: a word, words with parameters between, one parameter, or the rest of the path. */
export type TemplateSegment =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'mixed'; readonly parts: readonly string[] }
  | { readonly kind: 'parameter' }
  | { readonly kind: 'rest' };

export interface TemplateFault {
  readonly message: string;
  readonly mend: string;
}

const LENGTH_MAX = 1024;
const SEGMENTS_MAX = 32;
const parameterForm = /\{([^{}/]{1,128})\}/g;

const fault = (message: string): TemplateFault => ({
  message,
  mend: 'Write a path such as /v1/users/{id}/orders/{order}; {name*} at the end takes the rest of the path.',
});

/** Takes a path template of OpenAPI apart; `{name*}` and `{*}` as the last segment stand for all that follows. */
export function templateSegments(template: string): readonly TemplateSegment[] | TemplateFault {
  if (!template.startsWith('/')) return fault('it does not begin with /');
  if (template.length > LENGTH_MAX) return fault(`it is longer than ${LENGTH_MAX} characters`);
  if (/[?#\s]/.test(template)) return fault('it holds a query, a fragment or a space');
  const texts = template.split('/').slice(1);
  if (texts.length > 1 && texts[texts.length - 1] === '') texts.pop();
  if (texts.length > SEGMENTS_MAX) return fault(`it has more than ${SEGMENTS_MAX} segments`);
  const segments: TemplateSegment[] = [];
  for (const [index, text] of texts.entries()) {
    const parts = text.split(parameterForm).filter((_, i) => i % 2 === 0);
    if (parts.some((part) => /[{}]/.test(part))) return fault('its braces do not pair');
    if (/^\{[^{}]*\*\}$/.test(text)) {
      if (index < texts.length - 1) return fault('the rest of the path stands before its end');
      segments.push({ kind: 'rest' });
    } else if (parts.length === 1) segments.push({ kind: 'word', word: text });
    else if (parts.every((part) => part === '')) {
      if (parts.length > 2) return fault('two parameters stand together');
      segments.push({ kind: 'parameter' });
    } else {
      if (parts.slice(1, -1).includes('')) return fault('two parameters stand together');
      segments.push({ kind: 'mixed', parts });
    }
  }
  return segments;
}
