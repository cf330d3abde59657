import { replayedDemo, type DemoData } from '../../support/demo-data.js';
import { dashboardPanels } from './dashboards.js';
import { answersOfTheGuide } from './forensics.js';

/** What people ask of the demo's data; one replay serves them all. */
describe('on replayed demo data', () => {
  let demo: DemoData;
  beforeAll(async () => {
    demo = await replayedDemo();
  }, 240_000);
  afterAll(() => demo.close());

  answersOfTheGuide(() => demo);
  dashboardPanels(() => demo);
});
