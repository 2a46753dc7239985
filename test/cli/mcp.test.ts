/** `bootbench mcp` as an agent uses it: the SDK's own client, the built program, a firmware of `bootbench demo`. */
import { spawn, spawnSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { FIRMWARE } from './helpers.ts';

let dist = '';
let root = '';
let cwd = '';
let client: Client;
let transport: StdioClientTransport;
beforeAll(async () => {
  dist = builtProgram();
  client = new Client({ name: 'test', version: '1' });
  const args = [join(dist, 'bootbench.js'), 'mcp'];
  root = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  cwd = join(root, 'project');
  cpSync(packageFile('demo/firmware'), cwd, { recursive: true });
  transport = new StdioClientTransport({ command: process.execPath, args, cwd });
  await client.connect(transport);
});
afterAll(async () => {
  await client.close();
  for (const folder of [dist, root]) rmSync(folder, { recursive: true, force: true });
});

interface Called {
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
}
const call = async (name: string, given: Record<string, unknown>): Promise<Called> =>
  (await client.callTool({ name, arguments: given })) as unknown as Called;

describe('mcp', () => {
  it('offers its tools with the arguments that they know', async () => {
    const { tools } = await client.listTools();
    expect(tools.map((t) => t.name).sort()).toEqual(['chips', 'explain', 'fix', 'run', 'test', 'trace']);
    expect(tools.find((t) => t.name === 'test')!.inputSchema.required).toEqual(['paths']);
  });
  it('run: the first screen, and what it says as data', async () => {
    const { content, structuredContent, isError } = await call('run', { images: ['build/firmware.elf'], scenario: 'scenarios/button.json' });
    expect(isError).toBeUndefined();
    expect(content[0]!.text).toMatch(/^FAIL .*rom-silent/);
    expect(structuredContent).toMatchObject({
      exitCode: 1,
      outcome: 'rom-silent',
      causes: [{ id: 'primask', proved: true, lastWriter: { file: 'src/bootloader.c', line: 10 } }],
      story: content[0]!.text,
    });
  });
  it('fix: a patch', async () => {
    const { content } = await call('fix', { images: ['build/firmware.elf'] });
    expect(content[0]!.text).toMatch(/^--- a\/.*src\/bootloader\.c$/m);
    expect(content[0]!.text).toMatch(/^\+ .*__enable_irq\(\);/m);
  });
  it('fix: the report where there is no patch', async () => {
    writeFileSync(join(cwd, 'build/loop.bin'), FIRMWARE);
    const { content, structuredContent } = await call('fix', { images: ['build/loop.bin@0x08000000'], chip: 'stm32h533re' });
    expect(content[0]!.text).toMatch(/no cause is proved\n.*FAIL +stuck/);
    expect(structuredContent).toEqual({ exitCode: 1, patch: '' });
  });
  it('test: which scenarios hold', async () => {
    const { structuredContent } = await call('test', { paths: ['scenarios/button.json'] });
    expect(structuredContent).toMatchObject({ exitCode: 1, scenarios: [{ path: 'scenarios/button.json', state: 'fail' }] });
  });
  it('explain and chips: text', async () => {
    expect((await call('explain', { word: 'primask' })).content[0]!.text).toContain('Can the ROM take interrupts');
    expect((await call('chips', { chip: 'stm32f446re' })).content[0]!.text).toContain('512 KiB');
  });
  it.each([
    ['run', { images: ['missing.elf'] }, /^bootbench: .*missing\.elf/],
    ['run', { images: ['--help'] }, /^bootbench: .*--help/],
    ['run', { images: ['build/firmware.elf'], chip: '--json' }, /^bootbench: there is no chip "--json"/],
    ['run', { image: 'build/firmware.elf' }, /^unknown: image; run knows images, /],
    ['explain', { word: 'no-such-word' }, /^bootbench: there is no explanation/],
  ])('%s %o is an error in words', async (name, given, said) => {
    const { content, isError } = await call(name, given);
    expect(content[0]!.text).toMatch(said);
    expect(isError).toBe(true);
  });
  it.each<[string, string, Record<string, unknown>, string]>([
    ['a word of 3 MB', 'run', { images: ['b'.repeat(3_000_000)] }, 'images has 3000000 characters; 4096 are allowed'],
    ['a NUL', 'run', { images: ['a\0b'] }, 'images has a NUL in it'],
    ['3000 files', 'test', { paths: Array<string>(3000).fill('a') }, 'paths has 3000 entries; 100 are allowed'],
    ['a string in place of a list', 'run', { images: 'a.elf' }, 'images is a list of strings'],
    ['a list of numbers', 'run', { images: [5] }, 'images is a list of strings'],
    ['a number', 'chips', { chip: 5 }, 'chip is a string'],
  ])('%s is refused in a sentence', async (_what, name, given, said) => {
    expect(await call(name, given)).toMatchObject({ isError: true, content: [{ text: said }] });
  });
  it('as many calls as there are processors run at once, some wait, the others are told; ping is answered meanwhile', async () => {
    const cancel = new AbortController();
    setMaxListeners(0, cancel.signal);
    const given = { name: 'run', arguments: { images: ['build/firmware.elf'], until: '9000s' } };
    const calls = Array.from({ length: availableParallelism() + 64 + 3 }, () => client.callTool(given, undefined, { signal: cancel.signal }));
    const settled = Promise.allSettled(calls);
    expect(await Promise.any(calls.slice(-3))).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('64 calls wait') }] });
    await client.ping();
    const children = spawnSync('ps', ['--ppid', String(transport.pid), '-o', 'pid='], { encoding: 'utf8' }).stdout.trim().split('\n');
    expect(children.length).toBeLessThanOrEqual(availableParallelism());
    cancel.abort();
    await settled;
    expect((await call('explain', { word: 'msp' })).isError).toBeUndefined();
  });
  it('a message without an end is told, and ends the server', async () => {
    const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    child.stdin.on('error', () => undefined);
    const more = Buffer.alloc(2 ** 16, 'x');
    const go = (): void => {
      while (child.stdin.writable && child.stdin.write(more));
    };
    child.stdin.on('drain', go);
    go();
    const code = await new Promise((ended) => child.once('close', ended));
    expect([code, said]).toEqual([4, 'bootbench: mcp: a message of the client is longer than 8 MiB; it ends here\n']);
  });
  it('a client that closes its end of stdout alone ends the server, also in the middle of a call', async () => {
    const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    child.stdin.on('error', () => undefined);
    const ping = (): void => void child.stdin.write('{"jsonrpc":"2.0","id":0,"method":"ping"}\n');
    ping();
    await new Promise((ready) => child.stdout.once('data', ready));
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'run', arguments: { images: ['build/firmware.elf'], until: '9000s' } } })}\n`,
    );
    child.stdout.destroy();
    const again = setInterval(ping, 100);
    const ended = new Promise((settle) => child.once('exit', settle));
    const late = new Promise((settle) => setTimeout(() => settle('alive'), 8_000).unref());
    expect([await Promise.race([ended, late]), said]).toEqual([0, '']);
    clearInterval(again);
  });
  // https://www.jsonrpc.org/specification#error_object
  it.each([
    ['a line that is no JSON', '{"jsonrpc":"2.0","id":1,', { id: null, error: { code: -32700 } }],
    ['noise', 'ready.', { id: null, error: { code: -32700 } }],
    ['JSON that is no message', '{"id":7}', { id: 7, error: { code: -32600 } }],
    ['a list of messages', '[{"jsonrpc":"2.0","id":7,"method":"ping"}]', { id: null, error: { code: -32600 } }],
    ['a number that is no message', '5', { id: null, error: { code: -32600 } }],
    ['a call without parameters', '{"jsonrpc":"2.0","id":7,"method":"tools/call"}', { id: 7, error: { code: -32602, message: expect.stringMatching(/^params: /) } }],
    ['a call whose tool has no name', '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":5}}', { id: 'a', error: { code: -32602, message: expect.stringMatching(/^params\.name: /) } }],
    ['a call of a tool that there is not', '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"rm"}}', { id: 7, error: { code: -32602, message: expect.stringMatching(/^there is no tool "rm"/) } }],
    ['arguments that are none', '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"run","arguments":[]}}', { id: 7, error: { code: -32602 } }],
    ['a greeting without a version', '{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}', { id: 7, error: { code: -32602 } }],
    ['a method that there is not', '{"jsonrpc":"2.0","id":7,"method":"constructor"}', { id: 7, error: { code: -32601 } }],
  ])('%s has its error, and the next message is answered', async (_what, line, error) => {
    const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.stdin.write(`\n${line}\r\n{"jsonrpc":"2.0","method":"tools/call"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n`);
    child.stdout.on('data', () => out.includes('"id":2') && child.stdin.end());
    expect([await new Promise((ended) => child.once('close', ended)), err]).toEqual([0, '']);
    const said = out.trim().split('\n').map((one) => JSON.parse(one) as { id: unknown });
    expect(said).toHaveLength(2);
    expect(said.find(({ id }) => id !== 2)).toMatchObject(error);
  });
  describe('a client that floods it', () => {
    const flooded = (line: string) => {
      const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
      child.stdin.on('error', () => undefined);
      const lines = `${line}\n`.repeat(1000);
      let times = 0;
      const go = (): void => {
        while (child.stdin.writable && child.stdin.write(lines)) times++;
      };
      child.stdin.on('drain', go);
      return { child, go, sent: () => times * lines.length };
    };
    it.each([
      ['calls', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'],
      ['noise', 'x'],
      ['nothing', ''],
    ])('with %s and reads nothing: a signal is heard, nothing is said', async (_what, line) => {
      const { child, go, sent } = flooded(line);
      let said = '';
      child.stderr.on('data', (data: Buffer) => (said += data.toString()));
      child.stdin.write('{"jsonrpc":"2.0","id":0,"method":"ping"}\n');
      await new Promise((ready) => child.stdout.once('data', ready));
      child.stdout.pause();
      go();
      // until it takes no more for now, or has taken much
      for (let before = -1; sent() !== before && before < 2 ** 20;) {
        before = sent();
        await new Promise((next) => setTimeout(next, 200));
      }
      const told = performance.now();
      child.kill('SIGTERM');
      const code = await new Promise((ended) => child.once('exit', ended));
      expect([code, said]).toEqual([0, '']);
      expect(performance.now() - told).toBeLessThan(5_000);
    });
    it('and reads nothing, and closes its end: the server ends, and so it does where some answers are still read', async () => {
      const calls = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n'.repeat(200);
      for (const late of [null, 500]) {
        const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
        child.stdin.end(calls);
        let answers = 0;
        if (late !== null)
          setTimeout(() => child.stdout.on('data', (data: Buffer) => (answers += data.filter((byte) => byte === 10).length)), late);
        const ended = await new Promise((settle) => child.once(late === null ? 'exit' : 'close', settle));
        expect([ended, answers]).toEqual([0, late === null ? 0 : 200]);
      }
    });
    it.each([
      ['lists in lists', `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      ['more values than a call has', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[${'1,'.repeat(300_000)}1]}}`],
    ])('with %s is told, and goes on being served', async (_what, line) => {
      const child = spawn(process.execPath, [join(dist, 'bootbench.js'), 'mcp'], { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
      let out = '';
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      child.stdin.end(`${line}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n`);
      expect(await new Promise((ended) => child.once('close', ended))).toBe(0);
      const [refused, answered] = out.trim().split('\n').map((one) => JSON.parse(one) as unknown);
      expect(refused).toMatchObject({ id: null, error: { code: -32600 } });
      expect(answered).toMatchObject({ id: 2, result: {} });
    });
  });
  describe('trace', () => {
    const traced = (...out: readonly string[]) => call('trace', { images: ['build/firmware.elf'], scenario: 'short.json', out });
    // a run of its own would first look for the button
    beforeAll(() => writeFileSync(join(cwd, 'short.json'), JSON.stringify({ schema: 'bootbench/scenario@1', board: { name: 'nucleo-f446re' }, images: ['build/firmware.elf'], until: '30ms' })));
    it('writes files of each form below the folder of work, also over its own of before', async () => {
      const out = ['build/a.json', 'build/a.vcd', 'build/a.pcapng'];
      expect((await traced(...out)).content[0]!.text).toContain('wrote build/a.pcapng');
      const inode = (name: string): number => statSync(join(cwd, name)).ino;
      const before = out.map(inode);
      expect((await traced(...out)).isError).toBeUndefined();
      // each is put in place as a new file, so that it has another number
      out.forEach((name, i) => expect(inode(name), name).not.toBe(before[i]));
    });
    it.each([
      ['../outside.json', /outside of the folder/],
      ['link/outside.json', /outside of the folder/],
      ['.git/hooks/x.json', /hidden/],
      ['.mcp.json', /hidden/],
      ['shown/x.json', /hidden/],
      ['foreign.json', /is there and no trace that bootbench wrote/],
      ['foreign.vcd', /is there and no trace/],
      ['foreign.pcapng', /is there and no trace/],
      ['to-foreign.json', /is there and no trace/],
      ['nowhere/x.json', /cannot write .*nowhere\/x\.json: no such file or folder/],
    ])('does not write %s', async (path, why) => {
      for (const folder of [join(root, 'other'), join(cwd, '.git/hooks')]) mkdirSync(folder, { recursive: true });
      for (const name of ['foreign.json', 'foreign.vcd', 'foreign.pcapng']) writeFileSync(join(cwd, name), '{"traceEvents":[]}');
      const links = { link: '../other', shown: '.git/hooks', 'to-foreign.json': 'foreign.json' };
      for (const [name, to] of Object.entries(links)) if (!existsSync(join(cwd, name))) symlinkSync(to, join(cwd, name));
      for (const name of [path, join(cwd, path)]) {
        const { content, isError } = await traced('build/b.json', name);
        expect(content[0]!.text).toMatch(why);
        expect(isError).toBe(true);
      }
      expect(['build/b.json', 'link/outside.json', '../outside.json', 'shown/x.json', '.mcp.json'].filter((name) => existsSync(join(cwd, name)))).toEqual([]);
      expect(readFileSync(join(cwd, 'foreign.json'), 'utf8')).toBe('{"traceEvents":[]}');
    });
    it('writes no file that nobody named', async () => {
      expect(await call('trace', { images: ['build/firmware.elf'] })).toMatchObject({ isError: true, content: [{ text: 'missing: out' }] });
      expect(existsSync(join(cwd, 'trace.json'))).toBe(false);
    });
    it('one file that is no list is told as that, and not as missing', async () => {
      const ran = await call('trace', { images: ['build/firmware.elf'], out: 'trace.json' });
      expect(ran).toMatchObject({ isError: true, content: [{ text: 'out is a list of strings' }] });
    });
  });
  it('a call that is cancelled ends its process, and the next is answered', async () => {
    const cancel = new AbortController();
    const ran = client.callTool({ name: 'run', arguments: { images: ['build/firmware.elf'], until: '9000s' } }, undefined, { signal: cancel.signal });
    cancel.abort();
    await expect(ran).rejects.toThrow();
    expect((await call('explain', { word: 'msp' })).isError).toBeUndefined();
  });
}); // prettier-ignore
