/** `bootbench serve`: the playground from this machine. Files as the build has left them, gzipped; nothing is received but requests for them. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '../bench/documents/usage-error.ts';
import { EXIT, type Io } from './io.ts';
import { addressOf, interrupted, isLoopback, listening, LOOPBACK, portNumber } from './serving.ts';

export interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
}

const PORT = 8080;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
/** Names of the page's files: no dots but in front of an ending, so that nothing outside of its folder has one. */
const NAME = /^\/(?:[\w-]+\/)*[\w-]+\.\w+$/;

export async function serveCommand(
  options: ServeOptions,
  io: Io,
  folder = fileURLToPath(new URL('./web/', import.meta.url)),
): Promise<number> {
  const port = portNumber(options.port, PORT);
  if (!existsSync(join(folder, 'index.html.gz'))) throw new UsageError('the playground is not built', 'run: npm run build');
  const host = options.host ?? LOOPBACK;
  const pages = createServer((request, response) => answer(folder, request, response));
  const server = await listening(pages, port, host);
  io.stdout.write(`http ${addressOf(server)}\n`);
  if (!isLoopback(host)) io.stderr.write(`listening on ${host}: anyone who can connect to this port can read the playground's files\n`);
  await interrupted(io);
  pages.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return EXIT.ok;
}

function answer(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').replace(/[?#].*$/, '');
  const name = path === '/' ? '/index.html' : path;
  const end = (status: number, text: string): void => void response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(405, 'only GET\n');
  const file = join(folder, `${name}.gz`);
  if (!NAME.test(name) || !existsSync(file)) return end(404, 'there is no such file\n');
  const packed = readFileSync(file);
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  response.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : zipped ? packed : gunzipSync(packed));
}
