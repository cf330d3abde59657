import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxProgram } from '../tools/components.mjs';
import { send } from './http.js';
import { readSnippet } from './places.js';
import type { Processes } from './processes.js';

export interface Nginx {
  readonly jsonLog: string;
  readonly textLog: string;
}

/** The edge: a private NGINX with prefix, port and files of its own, which logs each request in two formats. */
export async function startNginx(
  processes: Processes,
  folder: string,
  port: number,
  gatewayPort: number,
): Promise<Nginx> {
  const program = nginxProgram();
  if (program === undefined) throw new Error('NGINX is not installed; node test/tools/set-up.mjs brings it.');
  const prefix = join(folder, 'nginx');
  mkdirSync(join(prefix, 'temp'), { recursive: true });
  const logs = { jsonLog: join(folder, 'edge.json'), textLog: join(folder, 'edge.log') };
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path temp/${of};`);
  const config = join(prefix, 'nginx.conf');
  writeFileSync(
    config,
    [
      'daemon off;',
      // One process under the user that runs the lab.
      'master_process off;',
      'pid nginx.pid;',
      'events { worker_connections 512; }',
      'http {',
      ...temp,
      readSnippet('nginx/tourniquet.conf', { ACCESS_LOG_PATH: logs.jsonLog }),
      readSnippet('nginx/combined-request-id.conf', { ACCESS_LOG_PATH: logs.textLog }),
      `upstream gateway { server 127.0.0.1:${gatewayPort}; keepalive 16; }`,
      'server {',
      `listen 127.0.0.1:${port};`,
      // The lab's own question whether NGINX is up leaves no line.
      'location = /lab-ready { access_log off; return 204; }',
      'location / {',
      readSnippet('nginx/pass-on.conf'),
      'proxy_pass http://gateway;',
      '}',
      '}',
      '}',
      '',
    ].join('\n'),
  );
  await processes.start(
    { name: 'nginx', command: program, args: ['-e', 'stderr', '-p', prefix, '-c', config] },
    async () => (await send({ url: `http://127.0.0.1:${port}/lab-ready` })).status === 204,
    20_000,
  );
  return logs;
}
