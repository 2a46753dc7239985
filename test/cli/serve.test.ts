/** `bootbench serve --rom`: the page gets the dump of the user, and nobody else's file. */
import { once } from 'node:events';
import { utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pageServer, serveCommand } from '../../src/cli/serve.ts';
import type { ServedDump } from '../../src/rom/pieces.ts';
import { foreignRom } from '../board/settle-board.ts';
import { serve } from '../debug/serve.ts';
import { cli, folder } from './helpers.ts';

const page = (): string => `${folder({ 'index.html.gz': gzipSync('page'), 'dump.json.gz': gzipSync('null') })}/`;
const asked = async (line: string): Promise<unknown> => (await fetch(`${line.trim().replace('http ', 'http://')}/dump.json`)).json();

/** Status and body of a request with these headers. */
const status = (line: string, headers: Record<string, string>): Promise<readonly [number, string]> =>
  new Promise((settle, fail) => {
    const [host, port] = line.trim().replace('http ', '').split(':');
    const asking = request({ host, port, path: '/dump.json', headers }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => settle([response.statusCode!, text]));
    });
    asking.on('error', fail).end();
  });

describe('bootbench serve', () => {
  it.each([
    ['under a name that leads here', { host: 'evil.example' }],
    ['under a name that begins like its own', { host: '127.0.0.1.evil.example' }],
    ['by a page of another origin', { origin: 'http://evil.example' }],
    ['by a page without an origin', { origin: 'null' }],
  ])('gives nothing to who asks %s', async (_who, headers) => {
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, page()));
    expect(await status(line, headers)).toEqual([403, 'asked by another page, or under another name\n']);
  });
  it.each(['127.0.0.1', 'localhost:8080', '[::1]:8080', 'LOCALHOST'])('answers to its own name %s', async (host) => {
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, page()));
    expect(await status(line, { host })).toEqual([200, 'null']);
    expect((await status(line, { host, origin: `http://${host}` }))[0]).toBe(200);
  });
  it.each(['', ' '])('listens nowhere for --host %j, which would be everywhere', async (host) => {
    await expect(serve((io) => serveCommand({ port: '0', host }, io, page()))).rejects.toThrow('--host: the name is empty');
  });
  it('closes a connection that asks on and on and takes no answers', async () => {
    const pages = pageServer(page(), null, '127.0.0.1').listen(0, '127.0.0.1');
    onTestFinished(() => void pages.close());
    await once(pages, 'listening');
    const port = (pages.address() as AddressInfo).port;
    let answered = 0;
    pages.on('request', (_request, response) => {
      if (response.headersSent) answered++;
    });
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    client.pause();
    const gone = new Promise((settle) => pages.once('connection', (socket) => socket.once('close', settle)));
    client.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(2000));
    await gone;
    client.destroy();
    expect(answered).toBeLessThanOrEqual(64);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
  });
  it('answers who asks, however many connections are open that ask nothing', async () => {
    const pages = pageServer(page(), null, '127.0.0.1').listen(0, '127.0.0.1');
    onTestFinished(() => void pages.close());
    await once(pages, 'listening');
    const { port } = pages.address() as AddressInfo;
    const silent = Array.from({ length: 400 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    onTestFinished(() => silent.forEach((client) => client.destroy()));
    await Promise.all(silent.map(async (client) => once(client, 'connect')));
    for (const client of silent) client.write('GET / HTTP/1.1\r\nX: ');
    for (let i = 0; i < 3; i++) expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
    const count = await new Promise((settle) => pages.getConnections((_error, open) => settle(open)));
    expect(count).toBeLessThanOrEqual(257);
  });
  it('shows a file as it is now, though it was asked for before', async () => {
    const at = page();
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, at));
    const text = async (): Promise<string> =>
      (await fetch(line.trim().replace('http ', 'http://'), { headers: { 'accept-encoding': 'identity' } })).text();
    expect([await text(), await text()]).toEqual(['page', 'page']);
    writeFileSync(`${at}index.html.gz`, gzipSync('another'));
    utimesSync(`${at}index.html.gz`, 1, 1);
    expect(await text()).toBe('another');
  });
  it('lets a browser keep what is named after its content, and nothing else', async () => {
    const files = folder({ 'chunk-74QD7CWC.js.gz': gzipSync('x'), 'lab.js.gz': gzipSync('x'), 'index.html.gz': gzipSync('x') });
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, `${files}/`));
    const kept = async (path: string): Promise<string | null> =>
      (await fetch(`${line.trim().replace('http ', 'http://')}${path}`)).headers.get('cache-control');
    expect([await kept('/chunk-74QD7CWC.js'), await kept('/lab.js'), await kept('/')]).toEqual([
      'public, max-age=31536000, immutable',
      'no-cache',
      'no-cache',
    ]);
  });
  it('has no dump', async () => {
    const { line } = await serve((io) => serveCommand({ port: '0' }, io, page()));
    expect(await asked(line)).toBeNull();
  });
  it('gives the page the dump of --rom, with the ROM that it is of', async () => {
    const rom = foreignRom('stm32l476rg');
    const path = join(folder(), 'dump.bin');
    writeFileSync(path, rom);
    const { line } = await serve((io) => serveCommand({ port: '0', rom: [path], chip: 'stm32l476rg' }, io, page()));
    const { romId, pieces } = (await asked(line)) as ServedDump;
    expect([romId, pieces.map((p) => p.address)]).toEqual(['stm32l476', [0x1fff0000]]);
    expect(new Uint8Array(Buffer.from(pieces[0]!.base64, 'base64'))).toEqual(rom);
  });
  it.each([
    [['--rom', 'dump.bin'], /which chip is the dump of\? --chip is missing/],
    [['--rom', 'dump.bin', '--chip', 'stm32l476rg'], /--rom: dump.bin: a dump of 4 bytes is too short for a ROM/],
    [['--rom', 'erased.bin', '--chip', 'stm32l476rg'], /--rom: /],
  ])('%j is refused in words', async (args, says) => {
    const cwd = folder({ 'dump.bin': new Uint8Array(4), 'erased.bin': new Uint8Array(4096).fill(0xff) });
    const run = await cli(['serve', '--port', '0', ...args], { cwd });
    expect([run.code, run.err]).toEqual([2, expect.stringMatching(says)]);
  });
});
