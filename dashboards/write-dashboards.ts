import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './dashboard-files.js';

/** `npm run dashboards`, from the root of the repository. */
for (const [name, text] of dashboardFiles()) writeFileSync(join('dashboards', 'json', name), text);
