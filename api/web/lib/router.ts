import { computed, signal } from '@preact/signals';

/** Where the browser is. Pages read it, links and `go` change it; the query holds all state worth a link. */
interface Place {
  readonly path: string;
  readonly search: string;
}

const read = (): Place => ({ path: window.location.pathname, search: window.location.search });

export const place = signal<Place>(read());

export const query = computed(() => new URLSearchParams(place.value.search));

/** @param how `replace` for what is no step of its own, such as typing in a filter. */
export function go(url: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') window.history.pushState(null, '', url);
  else window.history.replaceState(null, '', url);
  place.value = read();
}

/** The address here with some parameters changed; null takes one away. */
export function withQuery(changes: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? place.peek().path : `${place.peek().path}?${text}`;
}

/** Follows links inside these pages without loading the document again. */
export function startRouter(): void {
  window.addEventListener('popstate', () => {
    place.value = read();
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== window.location.origin || link.hasAttribute('download') || link.target !== '') return;
    if (link.pathname.startsWith('/v1/') || link.pathname === '/openapi.json') return;
    event.preventDefault();
    const moves = link.pathname !== place.peek().path;
    go(link.href);
    if (moves) window.scrollTo(0, 0);
  });
}
