import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { apiKey } from '../lib/http.js';
import { openCount } from '../lib/open-alerts.js';
import { go, place } from '../lib/router.js';
import { askForKey } from './key-dialog.js';

const pages = [
  ['/', 'Map'],
  ['/tokens', 'Tokens'],
  ['/alerts', 'Alerts'],
  ['/sql', 'SQL'],
] as const;

export function Header({ children }: { children?: ComponentChildren }) {
  const here = place.value.path;
  const current = (path: string): boolean => (path === '/' ? here === '/' : here.startsWith(path));
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <circle cx="16" cy="16" r="14" />
          <path d="M4 16h24M16 9v14" />
        </svg>
        Tourniquet
      </a>
      <nav aria-label="Pages">
        {pages.map(([path, title]) => (
          <a key={path} href={path} aria-current={current(path) ? 'page' : undefined}>
            {title}
            {path === '/alerts' && openCount.value !== '0' ? <span class="pill">{openCount.value} open</span> : null}
          </a>
        ))}
      </nav>
      <Search />
      {children}
      <button type="button" class="plain" onClick={askForKey}>
        {apiKey.value === '' ? 'API key' : 'API key in use'}
      </button>
    </header>
  );
}

/** Finds tokens by name, uid, key id or principal; `/` leads here from anywhere. */
function Search() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const q = input.current?.value.trim() ?? '';
        go(q === '' ? '/tokens' : `/tokens?${new URLSearchParams({ q }).toString()}`);
      }}
    >
      <input
        ref={input}
        type="search"
        aria-label="Search tokens by name, uid, key id or principal"
        placeholder="Search: token, uid, key id, principal    /"
        maxLength={200}
        spellcheck={false}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </form>
  );
}
