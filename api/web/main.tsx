import './styles/base.css';
import './styles/map.css';
import './styles/pages.css';
import { render } from 'preact';
import { App } from './app.js';
import { watchAlerts } from './lib/open-alerts.js';
import { startRouter } from './lib/router.js';
import { watchCaller } from './lib/whoami.js';

const root = document.getElementById('app');
if (root !== null) {
  startRouter();
  watchCaller();
  watchAlerts();
  render(<App />, root);
}
