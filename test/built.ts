/** The program as the build makes it: once for all tests of a run that want it, and not at all where `dist` is made from these sources. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../src/cli/package.ts';
import { builtFrom } from '../tools/built-from.mjs';

const root = packageFile('.');
/** Below the project: packages and ROM images are looked for above the program. */
const parent = join(root, 'node_modules', '.cache');

/** Where the tests of this run share their build; outside of them there is no such place. */
const SHARED = 'BOOTBENCH_SHARED_BUILD';
const PATIENCE_MS = 300_000;

function build(dist: string): void {
  const stamp = join(root, 'dist', 'built-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === builtFrom(root)) return cpSync(join(root, 'dist'), dist, { recursive: true });
  execFileSync(process.execPath, [join(root, 'tools', 'build.mjs'), dist], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}
function folder(name: string): string {
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, name));
}

/** Whether it falls to the caller to build: to the one who comes first, or behind a build that failed. */
function begins(place: string): boolean {
  try {
    mkdirSync(join(place, 'begun'));
    return true;
  } catch {
    return false;
  }
}
function sharedBuild(place: string): string {
  const whole = join(place, 'whole');
  const made = join(place, 'made');
  for (const end = Date.now() + PATIENCE_MS; !existsSync(whole);) {
    if (begins(place)) {
      try {
        build(made);
        renameSync(made, whole);
      } catch (error) {
        rmSync(join(place, 'begun'), { recursive: true });
        throw error;
      }
    } else if (Date.now() > end) throw new Error('the build of another test file has not come to its end');
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  return whole;
}

/** A folder of one's own with the program built from these sources. */
export function builtProgram(): string {
  const dist = folder('bootbench-built-');
  const place = process.env[SHARED];
  if (place === undefined) build(dist);
  else cpSync(sharedBuild(place), dist, { recursive: true });
  return dist;
}

/** Vitest's global setup: begins a run and ends it. */
export default function shared(): (() => void) | undefined {
  // it is called for each project of the configuration
  if (process.env[SHARED] !== undefined) return undefined;
  const place = folder('bootbench-shared-');
  process.env[SHARED] = place;
  return () => rmSync(place, { recursive: true, force: true });
}
