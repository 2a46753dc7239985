/** The playground's files, built and served as `bootbench serve` does, and a browser to look at them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { streamOf, type Io } from '../../src/cli/io.ts';
import { serveCommand } from '../../src/cli/serve.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BROWSERS = [process.env['BOOTBENCH_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = BROWSERS.find((path) => path !== '' && existsSync(path));
const built = existsSync(join(root, 'dist', 'index-node.js'));
/** Why there is nothing to look at; null where there is. */
export const MISSING = executablePath === undefined ? 'chromium is not installed' : built ? null : 'npm run build has not run';
if (MISSING && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(MISSING);

export async function openSite(): Promise<{ readonly base: string; readonly browser: Browser; readonly close: () => Promise<void> }> {
  const parent = join(root, 'node_modules', '.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'bootbench-lessons-'));
  execFileSync(process.execPath, [join(root, 'tools', 'build-site.mjs'), folder, '--packed'], { cwd: root, stdio: 'ignore' });
  let stop = (): void => undefined;
  let told: (line: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => (told = resolve));
  const facts = { isTTY: false, columns: 80 };
  const io: Io = {
    stdout: streamOf((text) => told(text), facts),
    stderr: streamOf(() => undefined, facts),
    env: {},
    cwd: root,
    onInterrupt: (ended) => ((stop = () => ended('SIGINT')), () => undefined),
  };
  const served = serveCommand({ port: '0' }, io, `${folder}/`);
  const base = `${(await line).trim().replace('http ', 'http://')}/`;
  const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  const close = async (): Promise<void> => {
    await browser.close();
    stop();
    await served;
    rmSync(folder, { recursive: true, force: true });
  };
  return { base, browser, close };
}
