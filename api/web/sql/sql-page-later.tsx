import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type * as SqlPageModule from './sql-page.js';

/** The SQL page is loaded when it is opened: nobody waits for it on the map. */
export function SqlPageLater() {
  const loaded = useSignal<typeof SqlPageModule | null>(null);
  useEffect(() => {
    void import('./sql-page.js').then((module) => {
      loaded.value = module;
    });
  }, [loaded]);
  if (loaded.value !== null) return <loaded.value.SqlPage />;
  return (
    <main id="main" class="sql-page">
      <h1>SQL</h1>
      <p class="empty">Reading the page…</p>
    </main>
  );
}
