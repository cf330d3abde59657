/** A condition of a Sigma rule over the names of its selections. */
export type SigmaNode =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'not'; readonly of: SigmaNode }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly SigmaNode[] };

const TOKENS_MAX = 200;

/**
 * Reads `selection and not 1 of filter_*`, by Sigma's precedence: not, and, or.
 *
 * @param names of the selections, for patterns and `them`.
 * @throws SyntaxError that says what is not understood.
 */
export function readCondition(text: string, names: readonly string[]): SigmaNode {
  const tokens = text.match(/[()|]|[^\s()|]+/g) ?? [];
  if (tokens.length === 0 || tokens.length > TOKENS_MAX) throw new SyntaxError('the condition is empty or too long');
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const isWord = (word: string): boolean => peek().toLowerCase() === word;
  const take = (): string => {
    const token = peek();
    at += 1;
    return token;
  };
  const chain = (word: 'or' | 'and', next: () => SigmaNode): SigmaNode => {
    const parts = [next()];
    while (isWord(word)) {
      take();
      parts.push(next());
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : { kind: word, parts };
  };
  const either = (): SigmaNode => chain('or', both);
  const both = (): SigmaNode => chain('and', one);
  const one = (): SigmaNode => {
    if (isWord('not')) {
      take();
      return { kind: 'not', of: one() };
    }
    if (peek() === '(') {
      take();
      const inner = either();
      if (take() !== ')') throw new SyntaxError('a bracket is not closed');
      return inner;
    }
    const token = take();
    if (peek().toLowerCase() === 'of' && /^(1|any|all)$/i.test(token)) {
      take();
      const pattern = take();
      const some = names.filter((name) => fits(name, pattern));
      if (some.length === 0) throw new SyntaxError(`no selection fits ${pattern}`);
      const parts = some.map((name): SigmaNode => ({ kind: 'name', name }));
      return { kind: token.toLowerCase() === 'all' ? 'and' : 'or', parts };
    }
    if (!names.includes(token)) throw new SyntaxError(`${token === '' ? 'the end' : token} is not a selection`);
    return { kind: 'name', name: token };
  };
  const node = either();
  if (at < tokens.length) throw new SyntaxError(`${peek()} is not understood`);
  return node;
}

/** `selection_*`, or `them`, which leaves out what begins with an underscore. */
function fits(name: string, pattern: string): boolean {
  if (pattern === 'them') return !name.startsWith('_');
  const [before = '', ...after] = pattern.split('*');
  return after.length === 0
    ? name === pattern
    : name.startsWith(before) && name.endsWith(after[after.length - 1] ?? '');
}
