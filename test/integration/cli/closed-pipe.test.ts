import { startCli } from '../../support/run-cli.js';

describe('a command whose reader has enough', () => {
  it('ends as by SIGPIPE, and says nothing of it', async () => {
    const child = startCli(['rules', 'list']);
    const said: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.stdout?.destroy();
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect([code, said.join('')]).toEqual([141, '']);
  });
});
