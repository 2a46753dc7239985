/** What a program has started ends with it, also where it was killed and could tell nobody. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { builtProgram } from '../built.ts';
import { inputs } from './surroundings.ts';

let dist = '';
let cwd = '';
beforeAll(() => {
  dist = builtProgram();
  cwd = inputs();
  mkdirSync(join(cwd, 'tmp'));
});
afterAll(() => {
  for (const folder of [dist, cwd]) rmSync(folder, { recursive: true, force: true });
});
function start(...args: readonly string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: join(cwd, 'tmp') };
  const child = spawn(process.execPath, [join(dist, 'bootbench.js'), ...args], { cwd, env, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number); // prettier-ignore
/** Hundredths of a second of CPU. */
const spent = (pid: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[11],
  );
/** A worker has loaded and prepared all by then: it is in the middle of a case. */
const BUSY = 400;

async function childAtWork({ pid }: ChildProcess): Promise<number> {
  return vi.waitFor(
    () => {
      const [child] = childrenOf(pid!);
      expect(child).toBeDefined();
      expect(spent(child!)).toBeGreaterThan(BUSY);
      return child!;
    },
    { timeout: 60_000, interval: 200 },
  );
}
/** A machine that does other things as well may need longer than the second that it is. */
const ends = (pid: number): Promise<void> =>
  vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000, interval: 50 });

describe.skipIf(process.platform !== 'linux')('of a program that is killed', () => {
  it('a worker of `campaign` ends in the middle of its case', async () => {
    const program = start('campaign', 'campaign-long.json', '--jobs', '1', '--out', 'orphan.sqlite');
    const worker = await childAtWork(program);
    program.kill('SIGKILL');
    await ends(worker);
  }, 90_000);
  it('a call of `mcp` ends in the middle of its run', async () => {
    const program = start('mcp');
    const send = (message: object): void => void program.stdin!.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const clientInfo = { name: 'test', version: '1' };
    send({ id: 1, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo } });
    send({ method: 'notifications/initialized' });
    send({ id: 2, method: 'tools/call', params: { name: 'run', arguments: { images: [], scenario: 'long.json' } } });
    const call = await childAtWork(program);
    program.kill('SIGKILL');
    await ends(call);
  }, 90_000);
});

describe.skipIf(process.platform !== 'linux')('a traceback of python3, which holds the pseudo terminal, is not shown', () => {
  const TRACE = String.raw`Traceback (most recent call last):\n  File "<string>", line 7\nBrokenPipeError: [Errno 32] Broken pipe\n`;
  /** @param then what stands in for python3 does behind the traceback */
  function withPython(then: string): { path: string; ended: Promise<{ code: number | null; err: string }>; child: ChildProcess } {
    const path = mkdtempSync(join(cwd, 'path-'));
    writeFileSync(join(path, 'python3'), `#!/bin/sh\nprintf '${TRACE}' >&2\n${then}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${path}:${process.env['PATH']}` };
    const args = [join(dist, 'bootbench.js'), 'uart', '--chip', 'stm32f405rg', '--boot0', '--pty'];
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString('utf8')));
    return { path, child, ended: new Promise((settle) => child.once('close', (code) => settle({ code, err }))) };
  }
  it('when it ends by itself: one sentence and exit code 4', async () => {
    const why = 'ended with exit code 1 (BrokenPipeError: [Errno 32] Broken pipe)';
    const err = `bootbench: python3, which holds the pseudo terminal, ${why}; start the command again\n`;
    expect(await withPython('exit 1').ended).toEqual({ code: 4, err });
  }, 60_000);
  it('when a signal ends the command meanwhile', async () => {
    const { path, child, ended } = withPython('echo $$ > "${0%/*}/pid"; exec sleep 1000');
    const pid = await vi.waitUntil(() => existsSync(join(path, 'pid')) && Number(readFileSync(join(path, 'pid'), 'utf8')), 30_000);
    onTestFinished(() => void process.kill(pid));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 143, err: '' });
  }, 60_000);
});
