/** `bootbench serve`: the playground from this machine. Files as the build has left them, gzipped, and a dump of the ROM; nothing is received but requests for them. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '../bench/documents/usage-error.ts';
import { romProfile } from '../bench/input/job.ts';
import { dumpBase } from '../rom/load.ts';
import type { ServedDump } from '../rom/pieces.ts';
import { whyNoDump } from '../rom/why-no-dump.ts';
import { chipNamed, readInput } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { makeRoom } from './make-room.ts';
import { readDump } from './rom-dump.ts';
import { addressOf, hostName, interrupted, isLoopback, listening, portNumber } from './serving.ts';

export interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
  /** Pieces of a dump, each with its address where there are several; `chip` says of which part. */
  readonly rom?: readonly string[];
  readonly chip?: string;
}

const PORT = 8080;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};
/** Names of the page's files: no dots but in front of an ending, so that nothing outside of its folder has one. */
const NAME = /^\/(?:[\w-]+\/)*[\w-]+\.\w+$/;

export async function serveCommand(
  options: ServeOptions,
  io: Io,
  folder = fileURLToPath(new URL('./web/', import.meta.url)),
): Promise<number> {
  const port = portNumber(options.port, PORT);
  const dump = dumpOf(options, io.cwd);
  if (!existsSync(join(folder, 'index.html.gz'))) throw new UsageError('the playground is not built', 'run: npm run build');
  const host = hostName(options.host);
  const pages = pageServer(folder, dump, host);
  const server = await listening(pages, port, host);
  io.stdout.write(`http ${addressOf(server)}\n`);
  if (!isLoopback(host))
    io.stderr.write(
      `listening on ${host}: anyone who can connect to this port can read the playground's files${dump === null ? '' : " and the dump, which is ST's code"}\n`,
    );
  await interrupted(io);
  pages.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return EXIT.ok;
}

/** Requests are small and come at once; a browser opens six connections. */
const PATIENCE_MS = 10_000;
const MOST_CONNECTIONS = 256;
/** Requests of one connection that wait for their answers. Browsers send one after the other. */
const MOST_WAITING = 64;
/** `host`: the address that it will listen on. */
export function pageServer(folder: string, dump: ServedDump | null, host: string): Server {
  const limits = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS, connectionsCheckingInterval: PATIENCE_MS / 4 };
  const files = new PageFiles(folder);
  const dumpText = dump === null ? null : JSON.stringify(dump);
  const waiting = new WeakMap<Socket, number>();
  const pages = createServer(limits, (request, response) => {
    const { socket } = request;
    // what came along with the one too many
    if (socket.destroyed) return;
    const before = waiting.get(socket) ?? 0;
    if (before >= MOST_WAITING) return void socket.destroy();
    waiting.set(socket, before + 1);
    response.once('close', () => waiting.set(socket, waiting.get(socket)! - 1));
    if (isOwn(request, host)) return answer(files, dumpText, request, response);
    response.writeHead(403, { 'content-type': 'text/plain' }).end('asked by another page, or under another name\n');
  });
  makeRoom(pages, MOST_CONNECTIONS, (socket) => (waiting.get(socket) ?? 0) === 0);
  // who takes nothing of his answers for so long is closed
  pages.timeout = PATIENCE_MS;
  return pages;
}
/**
 * A page from elsewhere must not read the dump: neither by its own origin, nor under a name of its own that leads to this machine (DNS rebinding). Where everyone
 * can connect, names are not known.
 */
function isOwn({ headers: { host, origin } }: IncomingMessage, bound: string): boolean {
  if (origin !== undefined && origin !== `http://${host}`) return false;
  return !isLoopback(bound) || /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host ?? '');
}

function dumpOf({ rom, chip: name }: ServeOptions, cwd: string): ServedDump | null {
  if (rom === undefined) return null;
  if (name === undefined) throw new UsageError('which chip is the dump of? --chip is missing', 'for example --chip stm32l476rg');
  const chip = chipNamed(name);
  const profile = romProfile(chip);
  const { bytes, beside = [] } = readDump(chip, rom, (file) => readInput(file, 'dump', cwd));
  const why = whyNoDump(chip, profile, bytes);
  if (why !== null) throw new UsageError(`--rom: ${why.what}`, why.hint);
  const first = { address: dumpBase(profile, bytes)!, bytes };
  const pieces = [first, ...beside].map((piece) => ({ address: piece.address, base64: Buffer.from(piece.bytes).toString('base64') }));
  return { romId: profile.id, pieces };
}

/** The build gives a piece of code the hash of its content as a name. */
const HASHED = /-[0-9A-Z]{8}\.js$/;

/** The page's files, each read and unpacked once for all that ask for it. */
class PageFiles {
  private readonly folder: string;
  private readonly held = new Map<string, { readonly changed: number; readonly packed: Buffer; plain: Buffer | null }>();

  constructor(folder: string) {
    this.folder = folder;
  }
  /** As it is sent; null where there is none of that name. */
  body(name: string, zipped: boolean): Buffer | null {
    const path = join(this.folder, `${name}.gz`);
    const stat = NAME.test(name) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (stat?.isFile() !== true) return null;
    let file = this.held.get(name);
    if (file?.changed !== stat.mtimeMs) this.held.set(name, (file = { changed: stat.mtimeMs, packed: readFileSync(path), plain: null }));
    return zipped ? file.packed : (file.plain ??= gunzipSync(file.packed));
  }
}

function answer(files: PageFiles, dump: string | null, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').replace(/[?#].*$/, '');
  const name = path === '/' ? '/index.html' : path;
  const end = (status: number, text: string): void => void response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(405, 'only GET\n');
  if (name === '/dump.json' && dump !== null) {
    response.writeHead(200, { 'content-type': TYPES['.json'], 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    return void response.end(request.method === 'HEAD' ? undefined : dump);
  }
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = files.body(name, zipped);
  if (body === null) return end(404, 'there is no such file\n');
  response.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    // another content has another name: each worker would load it again
    'cache-control': HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
