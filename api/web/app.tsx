import { useEffect } from 'preact/hooks';
import { AlertsPage } from './alerts/alerts-page.js';
import { place } from './lib/router.js';
import { MapPage } from './map/map-page.js';
import { Announcer } from './shell/announce.js';
import { Header } from './shell/header.js';
import { KeyDialog } from './shell/key-dialog.js';
import { SqlPageLater } from './sql/sql-page-later.js';
import { TokenPage } from './token/token-page.js';
import { TokensPage } from './token/tokens-page.js';

/** One document; the address says which page it is. */
export function App() {
  const [page, uid] = place.value.path.split('/').slice(1);
  const title = titleOf(page ?? '', uid);
  useEffect(() => {
    document.title = `${title} · Tourniquet`;
  }, [title]);
  return (
    <>
      <Header />
      <Page page={page ?? ''} uid={uid ?? ''} />
      <Announcer />
      <KeyDialog />
    </>
  );
}

function titleOf(page: string, uid: string | undefined): string {
  if (page === 'tokens') return uid === undefined ? 'Tokens' : 'Token';
  return { alerts: 'Alerts', sql: 'SQL' }[page] ?? 'Map';
}

function Page({ page, uid }: { page: string; uid: string }) {
  if (page === 'alerts') return <AlertsPage uid={uid} />;
  if (page === 'sql') return <SqlPageLater />;
  if (page === 'tokens') return uid === '' ? <TokensPage /> : <TokenPage key={uid} uid={uid} />;
  return <MapPage />;
}
