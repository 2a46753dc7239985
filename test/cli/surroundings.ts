/** Each command of the program in surroundings that fail: what it ends with, what it leaves, how long it takes. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../../src/cli/package.ts';

const fixture = (path: string): string => packageFile(`fixtures/${path}`);

export interface Command {
  readonly name: string;
  /** Ends by itself within a few seconds; `%out` is the folder for what it writes. */
  readonly short: readonly string[];
  /** Goes on until it is ended; null: there is no such thing. */
  readonly long: readonly string[] | null;
  /** Ends with 0 at a signal. */
  readonly server?: boolean;
  /** Its code where nothing fails. */
  readonly code: number;
  /** What it writes; also what is left by a signal, where it has something by then. */
  readonly writes?: string;
  /** A peer at `%silent` that takes a connection and says nothing. */
  readonly peer?: boolean;
}
const JOB = ['--chip', 'stm32f072rb', 'firmware.elf'];
const LONG = ['--scenario', 'long.json'];
const DEVICE = ['--chip', 'stm32l476rg', '--boot0'];
export const COMMANDS: readonly Command[] = [
  { name: 'run', short: ['run', ...JOB, '--json', '%out/a.json'], long: ['run', ...LONG, '--json', '%out/a.json'], code: 1, writes: 'a.json' },
  { name: 'trace', short: ['trace', ...JOB, '--out', '%out/a.vcd'], long: ['trace', ...LONG, '--out', '%out/a.vcd'], code: 0, writes: 'a.vcd' },
  { name: 'init', short: ['init', ...JOB, '--out', '%out/new.json'], long: ['init', ...LONG, '--out', '%out/new.json'], code: 0, writes: 'new.json' },
  { name: 'ask', short: ['ask', '--scenario', 'short.json', '--symptom', 'nothing'], long: ['ask', ...LONG, '--symptom', 'nothing'], code: 0 },
  { name: 'matrix', short: ['matrix', '--chip', 'stm32f405rg', fixture('f405-straight/firmware.elf')], long: ['matrix', ...LONG], code: 1 },
  { name: 'leave', short: ['leave', '--chip', 'stm32f405rg', fixture('f405-straight/firmware.elf')], long: ['leave', '--scenario', 'late.json'], code: 1 },
  { name: 'test', short: ['test', 'short.json', '--junit', '%out/a.xml'], long: ['test', 'long.json', '--junit', '%out/a.xml'], code: 0, writes: 'a.xml' },
  { name: 'campaign', short: ['campaign', 'campaign.json', '--jobs', '1', '--out', '%out/a.sqlite'], long: ['campaign', 'campaign-long.json', '--jobs', '1', '--out', '%out/a.sqlite'], code: 0, writes: 'a.sqlite' },
  { name: 'conform', short: ['conform', '--chip', 'stm32f072rb', '--boot0', '--junit', '%out/a.xml'], long: null, code: 0, writes: 'a.xml' },
  { name: 'compare', short: ['compare', 'short.json', 'short.json'], long: ['compare', 'long.json', 'long.json'], code: 0 },
  { name: 'chips', short: ['chips', 'stm32f072rb'], long: null, code: 0 },
  { name: 'explain', short: ['explain', 'primask'], long: null, code: 0 },
  { name: 'demo', short: ['demo', '%out/demo'], long: null, code: 0, writes: 'demo' },
  { name: 'fix', short: ['fix', ...JOB], long: ['fix', ...LONG], code: 1 },
  { name: 'completion', short: ['completion', 'bash'], long: null, code: 0 },
  { name: 'evidence', short: ['evidence', 'check', 'evidence.jsonl'], long: null, code: 2 },
  { name: 'rom', short: ['rom', 'compare', 'rom.bin', '--chip', 'stm32f072rb'], long: ['rom', 'learn', 'rom.bin', '--chip', 'stm32f072rb', '--evidence', '%out/e.jsonl'], code: 0 },
  { name: 'dfu', short: ['dfu', ...DEVICE, '--save', '%out/a.bin', '--port', '0', '--exec', 'true'], long: ['dfu', ...DEVICE, '--usbip', '--port', '0'], server: true, code: 0, writes: 'a.bin' },
  { name: 'uart', short: ['uart', ...DEVICE, '--exec', 'true', '--save', '%out/a.bin'], long: ['uart', ...DEVICE, '--pty'], server: true, code: 0, writes: 'a.bin' },
  { name: 'gdb', short: ['gdb', '--help'], long: ['gdb', ...JOB, '--port', '0'], server: true, code: 0 },
  { name: 'probe', short: ['probe', '--help'], long: ['probe', ...JOB, '--port', '0'], server: true, code: 0 },
  { name: 'serve', short: ['serve', '--help'], long: ['serve', '--port', '0'], server: true, code: 0 },
  { name: 'mcp', short: ['mcp', '--help'], long: null, code: 0 },
  { name: 'worker', short: ['worker', '--help'], long: ['worker', '--queue', 'redis://%silent'], peer: true, code: 0 },
  { name: 'board', short: ['board', '--help'], long: ['board', 'check', '--chip', 'stm32f072rb', '--gdb', '%silent'], peer: true, code: 0 },
]; // prettier-ignore

/** ldr r1, =1664525; loop: muls r0, r1; adds r0, #1; b loop: it never repeats itself. */
function spinning(): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20004000, true);
  view.setUint32(4, 0x08000009, true);
  [0x4902, 0x4348, 0x3001, 0xe7fc, 0xbf00, 0xbf00, 0x660d, 0x0019].forEach((half, i) => view.setUint16(8 + 2 * i, half, true));
  return bytes;
}
/** A folder with all that the commands read. */
export function inputs(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  const write = (name: string, value: unknown): void => writeFileSync(join(cwd, name), JSON.stringify(value));
  copyFileSync(fixture('f072-entry-address/firmware.elf'), join(cwd, 'firmware.elf'));
  copyFileSync(packageFile('rom/images/f072.bin'), join(cwd, 'rom.bin'));
  writeFileSync(join(cwd, 'spin.bin'), spinning());
  writeFileSync(join(cwd, 'evidence.jsonl'), '');
  const short = { schema: 'bootbench/scenario@1', chip: 'stm32f072rb', images: ['firmware.elf'], expect: { outcome: 'fault' } };
  const long = { ...short, chip: 'stm32h533re', images: ['spin.bin@0x08000000'], until: '9000s' };
  write('short.json', short);
  write('long.json', long);
  write('late.json', { ...long, steps: [{ at: '55s', do: { pin: { name: 'PC13', level: 1 } } }] });
  const campaign = { schema: 'bootbench/campaign@1', targets: [{ scenarios: ['short.json'] }], expect: 'same' };
  write('campaign.json', campaign);
  write('campaign-long.json', { ...campaign, targets: [{ scenarios: ['long.json'] }], wall: '9000s' });
  mkdirSync(join(cwd, 'out'));
  return cwd;
}

export interface Ended {
  readonly code: number | string;
  readonly err: string;
  readonly out: string;
  /** From the signal on, where there is one. */
  readonly ms: number;
  /** In the folder for what it writes. */
  readonly left: readonly string[];
}
export interface Around {
  readonly cwd: string;
  /** For what the commands write. */
  readonly to?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** In front of the program. */
  readonly shell?: string;
  readonly silent?: string;
  readonly signal?: NodeJS.Signals;
  /** When it comes: so long behind that. */
  readonly afterMs?: number;
  readonly when?: Promise<unknown>;
  /** … or when that is on its standard output. */
  readonly whenSaid?: RegExp;
  /** … or when the program, and not the system, is what hears it. */
  readonly whenHeard?: boolean;
}
/** Node itself hears some signals from its start on, and not this one: whoever hears it is the program. */
function hears(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) !== 0n;
}
async function untilHeard(pid: number): Promise<void> {
  while (!hears(pid)) await new Promise((next) => setTimeout(next, 1));
}
/** Runs one to its end. */
export function observe(program: string, args: readonly string[], around: Around): Promise<Ended> {
  const {
    cwd,
    to = join(cwd, 'out'),
    env = {},
    shell = '',
    silent = '',
    signal,
    afterMs = 0,
    when = Promise.resolve(),
    whenSaid,
    whenHeard,
  } = around;
  const line = args.map((arg) => arg.replace('%out', to).replace('%silent', silent));
  const node = [process.execPath, program, ...line];
  const [file, ...rest] = shell === '' ? node : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...node];
  const child = spawn(file!, rest, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err, from] = ['', '', performance.now()];
  let say = (): void => undefined;
  const said = new Promise<void>((settle) => (say = settle));
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    if (whenSaid?.test(out) === true) say();
  });
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    from = performance.now();
    child.kill(signal);
  };
  if (signal !== undefined)
    void (whenHeard === true ? untilHeard(child.pid!) : whenSaid === undefined ? when : said).then(
      () => (timer = setTimeout(kill, afterMs)),
    );
  return new Promise((settle) =>
    child.once('close', (code, by) => {
      clearTimeout(timer);
      settle({ code: code ?? by ?? '', out, err, ms: performance.now() - from, left: readdirSync(to).sort() });
    }),
  );
}

/** A server that takes connections and never says a word. */
export async function silentPeer(): Promise<{ readonly place: string; readonly met: Promise<void>; readonly end: () => void }> {
  const sockets = new Set<Socket>();
  let meet = (): void => undefined;
  const met = new Promise<void>((settle) => (meet = settle));
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    meet();
  });
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  const { port } = server.address() as { port: number };
  return { place: `127.0.0.1:${port}`, met, end: () => (server.close(), sockets.forEach((s) => s.destroy())) };
}

/** A file system of its own: 64 KB that are used up, or nothing to be written to. Null where that needs rights that one does not have. */
export function fileSystem(kind: 'full' | 'read-only'): { readonly path: string; readonly end: () => void } | null {
  const path = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0;
  const end = (): void => {
    if (mounted) spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  };
  if (!mounted) return (end(), null);
  if (kind === 'read-only') spawnSync('mount', ['-o', 'remount,ro', path]);
  else fill(join(path, 'filling'));
  return { path, end };
}
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, new Uint8Array(4096));
  } catch {
    closeSync(file);
  }
}
