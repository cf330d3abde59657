import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

describe('the alert as Slack shows it', () => {
  // `npm run build` comes before the tests.
  const script = fileURLToPath(new URL('docs/write-slack-alert.mjs', root));
  const { stdout, stderr } = spawnSync(process.execPath, [script, '--print'], { encoding: 'utf8' });

  it.each(['README.md', 'docs/alerts.md'])('stands in %s as today’s code makes it', async (name) => {
    expect(stderr).toBe('');
    expect(stdout).toContain('Next step:');
    const page = await readFile(new URL(name, root), 'utf8');
    // If this fails: npm run build && node docs/write-slack-alert.mjs
    expect(page).toContain(`<!-- slack-alert -->\n\`\`\`text\n${stdout}\`\`\``);
  });
});
