/** The playground in Chromium, as `bootbench serve` sends it: load, run, turn one thing over, step, DFU, keyboard, 390 px, axe. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { streamOf } from '../../src/cli/io.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { sourcesOf } from '../../src/cli/sources.ts';
import { loadImage } from '../../src/image/image.ts';
import { storyOf } from '../../src/report/story/story.ts';
import { toldOn } from '../../src/report/story/surfaces.ts';
import { foreignRom } from '../board/settle-board.ts';
import { serve } from '../debug/serve.ts';
import { byTurns } from '../turn.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BROWSERS = [process.env['BOOTBENCH_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browserPath = BROWSERS.find((path) => path !== '' && existsSync(path));
const built = existsSync(join(root, 'dist', 'index-node.js'));
const missing = browserPath === undefined ? 'chromium is not installed' : built ? null : 'npm run build has not run';
if (missing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(missing);

/** Compressed bytes that a page may be made of, and those of them that come before the first verdict. */
const LARGEST_PAGE = 1_000_000;
const LARGEST_START = 715_000;
const KEYS = 40;
describe.skipIf(missing !== null)(`the playground${missing === null ? '' : `: ${missing}`}`, () => {
  let folder = '';
  let base = '';
  let stop: (() => void) | null = null;
  let served: Promise<number>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const parent = join(root, 'node_modules', '.cache');
    mkdirSync(parent, { recursive: true });
    folder = mkdtempSync(join(parent, 'bootbench-web-'));
    execFileSync(process.execPath, [join(root, 'tools', 'build-site.mjs'), folder, '--packed'], { cwd: root, stdio: 'ignore' });
    const address = new Promise<string>((told) => {
      const facts = { isTTY: false, columns: 80 };
      const stdout = streamOf((text) => told(text.trim().replace('http ', 'http://')), facts);
      const io = {
        stdout,
        stderr: streamOf(() => undefined, facts),
        env: {},
        cwd: root,
        onInterrupt: (ended: (signal: 'SIGINT') => void) => ((stop = () => ended('SIGINT')), () => undefined),
      };
      served = serveCommand({ port: '0' }, io, `${folder}/`);
    });
    base = `${await address}/`;
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    stop?.();
    expect(await served).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(hash = '', width = 1280): Promise<Page> {
    page = await browser.newPage({ viewport: { width, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
    page.on('pageerror', (e) => complaints.push(e.message));
    await page.goto(base + hash);
    await page.getByTestId('outcome').waitFor();
    return page;
  }
  const textOf = (id: string): Promise<string | null> => page.getByTestId(id).textContent();
  /** Words of running text that stand in two lines. */
  const brokenWords = (): Promise<string[]> =>
    page.evaluate(() => {
      const broken: string[] = [];
      const walk = document.createTreeWalker(document.querySelector('main')!, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
        if (node.parentElement?.closest('svg') || node.parentElement?.checkVisibility() !== true) continue;
        for (const { 0: word, index } of (node.textContent ?? '').matchAll(/[A-Za-z0-9]{2,}/g)) {
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + word.length);
          if (new Set(Array.from(range.getClientRects(), (r) => Math.round(r.top))).size > 1) broken.push(word);
        }
      }
      return broken;
    });
  const moved = (text: RegExp): Promise<void> => page.getByTestId('where').filter({ hasText: text }).waitFor();

  it('runs a firmware, and the outcome changes with PRIMASK', async () => {
    await open();
    expect(await textOf('outcome')).toMatch(/^rom-silent/);
    expect(await page.locator('pre .here').first().textContent()).toContain('__disable_irq');
    await page.getByRole('button', { name: 'What if' }).click();
    await page.getByRole('checkbox', { name: /PRIMASK/ }).click();
    await page.getByTestId('whatif').waitFor();
    expect(await textOf('whatif')).toMatch(/rom-silent becomes dfu/);
    // the link says so, and another page that opens it does the same
    const hash = new URL(page.url()).hash;
    expect(hash).toContain('at-entry=primask');
    await page.close();
    await open(hash);
    await page.getByTestId('whatif').waitFor({ state: 'attached' });
    expect(await textOf('whatif')).toMatch(/becomes dfu/);
  });

  it('tells of the examples whose turn it is what the terminal tells: verdict, line, diff, proof, conditions', async () => {
    const fixtures = join(root, 'fixtures');
    const flat = (text: unknown): string => String(text).replace(/\s+/g, ' ').trim();
    await open();
    const names = await page
      .getByRole('combobox', { name: 'Example' })
      .locator('option')
      .evaluateAll((all) => all.map((o) => (o as HTMLOptionElement).value));
    for (const name of byTurns([names], 3).flat()) {
      const result = await inThread(await loadJob([], { scenario: join(fixtures, name, 'scenario.json'), after: true }, fixtures), {});
      const sources = sourcesOf({ images: [`${name}/firmware.elf`], folder: fixtures, io: { cwd: fixtures, env: {} } });
      const [headline, ...told] = toldOn('playground', storyOf(result, { sources }));
      await page.getByRole('combobox', { name: 'Example' }).selectOption(name);
      await page
        .getByTestId('outcome')
        .filter({ hasText: flat(headline!.text) })
        .waitFor();
      const shown = flat(await textOf('story'));
      for (const { is, text, place, more, code, source } of told) {
        // which command applies a patch is the business of the folder that it is typed in
        const facts =
          is === 'next'
            ? []
            : [text, place ?? '', ...more, ...code.map((c) => `${c.mark}${c.text}`), source?.lines?.[source.line - 1] ?? ''];
        for (const fact of facts) expect(shown, `${name}: ${is}`).toContain(flat(fact));
      }
    }
  });

  it("runs a dump of `serve --rom` in place of the stand-in, whose options it hasn't", async () => {
    const dump = join(folder, 'dump.bin');
    writeFileSync(dump, foreignRom('stm32h533re'));
    const { line, end } = await serve((io) => serveCommand({ port: '0', rom: [dump], chip: 'stm32h533re' }, io, `${folder}/`));
    const own = base;
    base = `${line.trim().replace('http ', 'http://')}/`;
    try {
      await open('#example=h533-straight');
      expect(await textOf('outcome')).toMatch(/^dfu/);
      const told = (await page.locator('body').textContent())!;
      expect([/into the ROM from your dump/.test(told), /sysflash-gap/.test(told)]).toEqual([true, false]);
      // whose source is not ours
      await page.getByRole('button', { name: 'ROM entry', exact: true, disabled: false }).click();
      await moved(/in the ROM, 0x[0-9a-f]{8}$/);
      expect(await page.locator('[aria-label=code] .dim').first().textContent()).toBe('no source of the ROM here');
    } finally {
      base = own;
      await end();
    }
  });

  it('draws the run and beside it the repaired one, and knows the source of start-up code', async () => {
    await open();
    const drawn = page.getByTestId('timeline');
    await drawn.getByRole('button', { name: /^all \d+ lanes$/ }).click();
    const names = (await drawn.locator('svg > g > text:not(.broken)').allTextContents()).map((t) => t.replace(/the same run.*/, ''));
    expect(names).toEqual(expect.arrayContaining(['runs', 'masks', 'primask', 'events', '↻ runs', '↻ host', '↻ USB transfers']));
    await drawn.getByRole('button', { name: 'next mark' }).click();
    await drawn.getByRole('button', { name: 'next mark' }).click();
    expect(await drawn.locator('output').textContent()).toMatch(/^events: .*: \w+:/);
    expect(await drawn.locator('.mark.chosen').count()).toBe(1);
    await page.getByRole('button', { name: 'Line', exact: true }).click();
    await moved(/startup\.c:\d+/);
    expect(await page.getByTestId('source').locator('.here').textContent()).toMatch(/\d+ .*\S/);
  });

  it('shows the picture as it is or repaired, and the link in it leaves the page where it is', async () => {
    await open('#example=h533-seed000-as-posted');
    const { hash } = new URL(page.url());
    const red = page.locator('.hand-over [data-wire=primask] .a');
    await page.getByRole('button', { name: 'primask repaired: dfu' }).click();
    expect([await red.isVisible(), await page.locator('.hand-over [data-wire=primask] .v').isVisible()]).toEqual([false, true]);
    await page.getByText('show it as it is').click();
    expect([await red.isVisible(), new URL(page.url()).hash]).toEqual([true, hash]);
  });

  it('turns a wire of the picture over, by a click and by keyboard, and draws the second run over the first', async () => {
    await open('#example=h533-seed000-as-posted');
    const wire = (name: string): Locator => page.locator('.hand-over').getByRole('switch', { name });
    const isOn = (name: string): Promise<string | null> => wire(name).getAttribute('aria-checked');
    await wire('PRIMASK').waitFor();
    expect(await isOn('PRIMASK')).toBe('true');
    await wire('PRIMASK').click();
    const other = page.getByRole('button', { name: 'PRIMASK 0: interrupts can be taken: dfu' });
    await other.waitFor();
    // the whole picture is that of the second run: the wire is good and nobody's line, the ladder ends in the device
    expect(await page.locator('.hand-over [data-wire=primask]').getAttribute('data-state')).toBe('good');
    expect(await page.locator('.hand-over').textContent()).toMatch(/turned over by hand.*0483:df11/);
    expect([await isOn('PRIMASK'), new URL(page.url()).hash]).toEqual(['false', '#example=h533-seed000-as-posted&at-entry=primask%3A0']);
    await page
      .getByTestId('timeline')
      .getByRole('button', { name: /^all \d+ lanes$/ })
      .click();
    expect(await page.getByTestId('timeline').locator('svg > g > text.repaired').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^↻ runs/), expect.stringMatching(/^↻ USB transfers/)]),
    );
    await page.getByRole('button', { name: 'As it is' }).click();
    expect(await page.locator('.hand-over [data-wire=primask]').getAttribute('data-state')).toBe('broken');
    // by keyboard: back as it was, and the focus stays on the wire
    await wire('PRIMASK').focus();
    await page.keyboard.press('Space');
    await other.waitFor({ state: 'detached' });
    await expect.poll(() => isOn('PRIMASK')).toBe('true');
    await page.keyboard.press('Enter');
    await other.waitFor();
    expect(await page.evaluate(() => (document.activeElement as SVGElement | null)?.dataset['wire'])).toBe('primask');
    // what was good can be broken
    await page.keyboard.press('Enter');
    await other.waitFor({ state: 'detached' });
    await wire('VTOR').click();
    await page.getByRole('button', { name: /^VTOR the application's table: / }).waitFor();
  });

  it('steps to the entry and on, and shows what changed', async () => {
    await open();
    await page.getByRole('button', { name: 'ROM entry', exact: true }).click();
    await moved(/first instruction in system memory/);
    expect(await textOf('register-primask')).toBe('0x00000001');
    const pc = await textOf('register-pc');
    await page.getByRole('button', { name: 'Instruction', exact: true }).click();
    await moved(/one instruction/);
    expect(await textOf('register-pc')).not.toBe(pc);
    await page.getByRole('button', { name: '1 ms', exact: true }).click();
    await moved(/a millisecond later/);
    expect(await page.getByRole('region', { name: 'changed registers' }).textContent()).toMatch(/RCC\.\w+.*→/);
  });

  it("follows the stand-in ROM's own source, which is loaded when the machine first stands in it", async () => {
    const asked: string[] = [];
    await open('#example=h533-straight');
    page.on('request', (r) => asked.push(new URL(r.url()).pathname));
    const source = page.getByTestId('source');
    const line = (): Promise<string | null> => source.locator('.here').textContent();
    await moved(/^power-on/);
    await page.getByRole('button', { name: 'ROM entry', exact: true }).click();
    await moved(/in the ROM, rom_entry, start\.c:\d+$/);
    const text = readFileSync(join(root, 'rom', 'common', 'start.c'), 'utf8').split('\n');
    const shown = /^ *(\d+) (.*)$/.exec((await line())!)!;
    expect([shown[2], await page.locator('[aria-label=code] .dim').first().textContent()]).toEqual([
      text[Number(shown[1]) - 1],
      'the stand-in ROM, start.c',
    ]);
    expect(asked.filter((path) => path.startsWith('/rom/'))).toEqual(['/rom/lines/h5.json', '/rom/source/common/start.c']);
    await page.getByRole('button', { name: 'DFU', exact: true }).click();
    await moved(/DFU device.* in the ROM, \w+, \w+\.c:\d+$/);
    expect(await line()).toMatch(/\S/);
    await page.getByRole('button', { name: 'Power-on', exact: true }).click();
    await moved(/^power-on: .* in the application/);
    expect(await line()).not.toBe('');
  });

  it('has one now: the machine goes where the timeline is clicked, forth and back, and its steps move the line', async () => {
    await open('#example=h533-seed000-as-posted');
    await moved(/^power-on/);
    const drawn = page.getByTestId('timeline').locator('svg');
    await page
      .getByTestId('timeline')
      .getByRole('button', { name: /^all \d+ lanes$/ })
      .click();
    await page.getByTestId('timeline').getByRole('button', { name: 'whole run' }).click();
    const { width, height } = (await drawn.boundingBox())!;
    const cursor = async (): Promise<number> => Number(await page.locator('line.now').getAttribute('x1'));
    const cursorAt = (part: number): Promise<void> =>
      expect.poll(async () => Math.abs((await cursor()) - 104 - (width - 112) * part)).toBeLessThan(2);
    const click = (part: number): Promise<void> => drawn.click({ position: { x: 104 + (width - 112) * part, y: height - 8 } });
    await click(0.9);
    await moved(/^at this instant: 5\d\d\d\..* in the ROM/);
    await cursorAt(0.9);
    const registers = await page.locator('.registers').textContent();
    await click(0.2);
    await moved(/^at this instant: .* in the application/);
    expect(await page.locator('pre .here').last().textContent()).toMatch(/^ *\d+ /);
    await cursorAt(0.2);
    // forth again, the same comes of it
    await click(0.9);
    await moved(/^at this instant: 5\d\d\d\./);
    expect((await page.locator('.registers').textContent())!.replaceAll(' *', '')).toBe(registers!.replaceAll(' *', ''));
    await page.getByRole('button', { name: 'Step back', exact: true }).click();
    await moved(/^a step back: \d+\./);
    await page.getByRole('button', { name: 'ROM entry', exact: true }).click();
    await moved(/first instruction in system memory: 4403\./);
    await expect.poll(cursor).toBeGreaterThan(width * 0.35);
    // by keyboard: the second mark of the events
    await drawn.focus();
    await page.keyboard.press('>');
    await page.keyboard.press('>');
    await page.keyboard.press('Enter');
    await moved(/^at this instant: 100\.000 ms/);
    await page.getByText('17 events').click();
    expect(await page.locator('tr[aria-current=time]').textContent()).toMatch(/^0\.100000000/);
    const labels = await page.locator('.memories .pointer').allTextContents();
    expect(labels.join(', ').split(', ')).toEqual(expect.arrayContaining(['PC', 'SP', 'VTOR']));
    // none lies on another
    const boxes = await page.locator('.memories .pointer').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON()));
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
  });

  it('tells at the now what a report tells: masks, supply, host, the last transfer with its bytes decoded, clocks; and back again', async () => {
    await open('#example=h533-straight');
    await moved(/^power-on/);
    const rowsOf = (label: string): Promise<Readonly<Record<string, string>>> =>
      page
        .locator(`dl[aria-label="${label}"] > div`)
        .evaluateAll((all) => Object.fromEntries(all.map((e) => [e.querySelector('dt')!.textContent, e.querySelector('dd')!.textContent])));
    const told = (): ReturnType<typeof rowsOf> => rowsOf('at this instant');
    expect([(await rowsOf('clocks'))['SYSCLK'], (await told())['USB transfers']]).toEqual(['32 MHz, from HSI', undefined]);
    await page.getByRole('button', { name: 'DFU', exact: true }).click();
    await moved(/DFU device/);
    const atDfu = await told();
    expect(atDfu).toMatchObject({ 'supply, D+': expect.stringContaining('D+ pulled up'), host: expect.stringContaining('dfuIDLE') });
    expect(atDfu['USB transfers']).toMatch(
      /^the last, at [\d.]+ ms: DFU_GETSTATUS: ok; setup a1 03 00 00 00 00 06 00; data 00 00 00 00 02 00$/,
    );
    expect(atDfu['SETUP']).toMatch(/^bmRequestType 0xa1 \(to the host, class, interface\), bRequest 3, .* wLength 6$/);
    expect(atDfu['DFU status']).toBe('dfuIDLE, to be asked again after 0 ms');
    expect((await rowsOf('clocks'))['SYSCLK']).toMatch(/^200 MHz, from PLL1P$/);
    await page.getByRole('button', { name: 'Step back', exact: true }).click();
    await moved(/^a step back/);
    expect([(await rowsOf('clocks'))['SYSCLK'], (await told())['USB transfers']]).toEqual(['32 MHz, from HSI', undefined]);
    // a masked handler waits where the host asks
    await page.getByRole('combobox', { name: 'Example' }).selectOption('f072-masked');
    await page
      .getByTestId('outcome')
      .filter({ hasText: /^rom-silent/ })
      .waitFor();
    await moved(/^power-on/);
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await moved(/^the run is over/);
    expect(await told()).toMatchObject({ masks: 'PRIMASK = 1', waiting: '31 (USB/EXTI) waits' });
  });

  it('has a board that acts: BOOT0 and NRST lead into the ROM, the cable leaves the host alone, and time goes back', async () => {
    await open('#example=h533-seed000-as-posted');
    const board = page.getByRole('group', { name: 'the board' });
    const press = (name: string): Promise<void> => board.getByRole('button', { name, disabled: false }).click();
    await press('BOOT0 0');
    await moved(/^done: BOOT0 high, by hand/);
    await press('NRST');
    await moved(/^done: reset by NRST: .* in the ROM/);
    await page.getByRole('button', { name: 'DFU', exact: true }).click();
    await board.getByText(/^0483:df11 .*\(ROM\)/).waitFor();
    await press('cable in');
    await board.getByText('nothing is plugged in').waitFor();
    expect(await page.locator('[aria-label=state]').textContent()).toContain('USB device: none');
    // the board goes back with the machine
    await page.getByRole('button', { name: 'Step back', exact: true }).click();
    await board.getByText(/^0483:df11/).waitFor();
    await board.getByRole('button', { name: 'cable in' }).waitFor();
  });

  it('talks DFU with webdfu', async () => {
    await open('#example=h533-straight');
    expect(await textOf('outcome')).toMatch(/^dfu/);
    await page.getByRole('button', { name: 'DFU', exact: true }).click();
    await page.getByRole('button', { name: 'Open with webdfu' }).click();
    await page.getByTestId('dfu').filter({ hasText: '@Internal Flash' }).waitFor();
    await page.getByRole('button', { name: 'Upload 64 bytes' }).click();
    await page
      .getByTestId('dfu')
      .filter({ hasText: /^([0-9a-f]{2} ?){64}$/ })
      .waitFor();
  });

  it('takes the example that was asked for last', async () => {
    await open();
    await page.getByRole('combobox', { name: 'Example' }).selectOption('h533-straight');
    await page.getByRole('combobox', { name: 'Example' }).selectOption('h533-seed000-as-posted');
    await page.getByTestId('outcome').waitFor();
    expect(await textOf('outcome')).toMatch(/^rom-silent/);
  });

  it("takes one's own ELF: the chip is concluded, and the link has its hash", async () => {
    await open();
    const own = readFileSync(join(root, 'fixtures', 'h533-primask', 'firmware.elf'));
    await page.getByLabel(/or your own/).setInputFiles({ name: 'mine.elf', mimeType: 'application/octet-stream', buffer: own });
    await page.getByText(/STM32H5\d\d\w+, .* of virtual time/).waitFor();
    expect(page.url()).toMatch(/sha256=[0-9a-f]{64}/);
    // the chip of the example is not left standing beside a verdict about another
    expect(await page.getByLabel(/^Chip/).inputValue()).toBe('');
    await page.getByLabel(/or your own/).setInputFiles({ name: 'noise', mimeType: 'text/plain', buffer: Buffer.from('noise') });
    expect(await page.getByRole('alert').textContent()).toMatch(/not a known firmware format.*a raw binary is called \.bin$/);
  });

  it('asks which of two files is the firmware where they cannot be in one chip together', async () => {
    await open();
    await page.getByLabel(/or your own/).setInputFiles([
      {
        name: 'debug.elf',
        mimeType: 'application/octet-stream',
        buffer: readFileSync(join(root, 'fixtures', 'f405-masked', 'firmware.elf')),
      },
      {
        name: 'release.elf',
        mimeType: 'application/octet-stream',
        buffer: readFileSync(join(root, 'fixtures', 'f405-masked-os', 'firmware.elf')),
      },
    ]);
    await page.getByRole('alert').filter({ hasText: 'Choose one, and it runs' }).waitFor();
    await page.getByRole('button', { name: 'release.elf' }).click();
    await page.getByTestId('outcome').filter({ hasText: 'rom-silent' }).waitFor();
    expect(await page.getByRole('button', { name: 'debug.elf' }).count()).toBe(0);
  });

  it('runs a loader with its application, in whichever order they are chosen, and says of both what the terminal says', async () => {
    const of = (file: string): string => join(root, 'fixtures', 'f405-chain-request-lost', file);
    for (const files of [
      ['firmware.elf', 'app.elf'],
      ['app.elf', 'firmware.elf'],
    ]) {
      await open();
      await page.getByLabel(/or your own/).setInputFiles(files.map(of));
      await page.getByText(/STM32F4\d\d\w+, .* of virtual time/).waitFor();
      const story = (await textOf('story'))!;
      expect(story).toContain('app.c');
      expect(story).not.toMatch(/no image has bytes there|give the image of the boot loader/);
      // nobody named the chip: as what it was taken, and why
      expect(story).toMatch(/Chip .*STM32F4\d\d\w+.*because /s);
    }
  });
  it('knows the U5, of which another file has some of the registers', async () => {
    await open();
    await page.getByLabel(/^Chip/).fill('stm32u575zi');
    const own = readFileSync(join(root, 'fixtures', 'u575-base-as-code', 'firmware.elf'));
    await page.getByLabel(/or your own/).setInputFiles({ name: 'mine.elf', mimeType: 'application/octet-stream', buffer: own });
    await page.getByText(/STM32U5\d\d\w+, .* of virtual time/).waitFor();
  });
  it('shows of a check what was found, who wrote it last, and where the rule stands', async () => {
    await open();
    await page.getByText(/^All checks \(/).click();
    const checks = (await page.getByRole('region', { name: 'checks' }).textContent())!;
    expect(checks).toMatch(/primask.*found PRIMASK = 1 \(expected: PRIMASK = 0\).*last written by .*main\.c:6/s);
    expect(checks).toMatch(/AN2606.*documented/s);
    expect(checks).toMatch(/second-coren\/athis chip has one core/);
    expect(await page.getByText(/^All checks \(/).textContent()).toMatch(/\d+ fail, \d+ warn, \d+ pass, \d+ n\/a/);
  });

  it('takes a raw binary for that of the flash, and asks on the page for a chip that nothing tells', async () => {
    await open();
    const { chunks } = loadImage(readFileSync(join(root, 'fixtures', 'jump-1fff0000', 'firmware.elf')), 'f.elf');
    const buffer = Buffer.from(chunks[0]!.data);
    await page.getByLabel(/or your own/).setInputFiles({ name: 'mine.bin', mimeType: 'application/octet-stream', buffer });
    expect(await page.getByRole('alert').textContent()).toMatch(/Choose yours, and it runs:$/);
    await page.getByText('Why several fit').click();
    // the buttons are the answer
    expect(await page.getByText(/^mine\.bin@0x08000000 fits \d+ chips: /).textContent()).not.toMatch(/--chip|give yours|type yours/);
    const fitting = page.getByRole('group', { name: 'chips that fit' }).getByRole('button');
    expect(await fitting.count()).toBeGreaterThan(1);
    const part = (await fitting.first().textContent())!;
    await fitting.first().click();
    await page.getByText(new RegExp(`^${part}, .* of virtual time`)).waitFor();
    await page.getByLabel(/^Chip/).fill('stm32f405rg');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/^STM32F405RG, .* of virtual time/).waitFor();
    await page.getByTestId('outcome').waitFor();
    expect(await textOf('outcome')).toMatch(/^dfu/);
  });

  const posted = (file: string): string => join(root, 'fixtures', 'h533-seed000-as-posted', file);
  it("steps one's own ELF with the trigger that the run found, and its events are buttons", async () => {
    await open();
    await page.getByLabel(/or your own/).setInputFiles(posted('firmware.elf'));
    await page.getByText(/STM32H5\d\d\w+, .* of virtual time/).waitFor();
    await page.getByRole('button', { name: 'ROM entry', exact: true, disabled: false }).click();
    await moved(/first instruction in system memory: 4\d{3}\./);
    expect(await textOf('register-primask')).toBe('0x00000001');
    await page.getByRole('button', { name: 'Power-on', exact: true }).click();
    await moved(/^power-on/);
    // the first tick
    await page.getByRole('button', { name: 'Exception', exact: true }).click();
    await moved(/an exception is taken: \d\d?\./);
    await page.getByRole('button', { name: /^Call (enter_dfu|request_dfu)$/ }).click();
    await moved(/^done: Call/);
    await page.getByRole('button', { name: 'Reset', exact: true }).click();
    // the run calls it at 100 ms, and is reset 300 ms later
    await moved(/behind a reset: (\d\d|[12]\d\d|3[0-8]\d)\./);
  });

  it('shows sources that come with the ELF or behind it, and makes the fix a diff of them', async () => {
    await open();
    await page.getByLabel(/or your own/).setInputFiles(posted('firmware.elf'));
    await page.getByText(/STM32H5\d\d\w+, .* of virtual time/).waitFor();
    expect(await page.getByRole('link', { name: 'Download fix.diff' }).count()).toBe(0);
    await page.getByLabel(/Its sources/).waitFor();
    const texts = ['main.c', 'README.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: readFileSync(posted('main.c')) }));
    await page.getByLabel(/or your own/).setInputFiles(texts);
    await page.getByRole('link', { name: 'Download fix.diff' }).waitFor();
    expect(await page.locator('.fix').textContent()).toContain('apply it in the folder of main.c: patch -p1 < fix.diff');
    expect(await page.locator('.cause .here').first().textContent()).toMatch(/irq_off\(\)/);
    await page.getByText(/^\d+ events$/).click();
    expect(await page.locator('#timeline tbody tr td:last-child').allTextContents()).toContainEqual(expect.stringMatching(/main\.c:\d+$/));
    await page.getByText('1 source file, only in this browser').waitFor();
    // the file stays for a reload
    await page.reload();
    await page.getByRole('link', { name: 'Download fix.diff' }).waitFor();
  });

  it('shows instructions where there is no source: of a file that comes without, of one without lines, and of the ROM', async () => {
    await open();
    const here = page.getByTestId('instructions').locator('.here');
    await page.getByLabel(/or your own/).setInputFiles(posted('firmware.elf'));
    await page.getByText(/STM32H5\d\d\w+, .* of virtual time/).waitFor();
    await moved(/^power-on/);
    // Reset_Handler begins with PUSH, and the line that each belongs to is known
    expect(await here.textContent()).toMatch(/^[0-9a-f]{8} push \{.*lr\}/);
    expect(await page.getByTestId('instructions').textContent()).toMatch(/Reset_Handler:.*startup\.c:\d+/);
    await page.getByRole('button', { name: 'Instruction', exact: true }).click();
    await moved(/^one instruction/);
    expect(await here.textContent()).toMatch(/^[0-9a-f]{8} (?!push)/);
    await page.getByRole('button', { name: 'ROM entry', exact: true }).click();
    await moved(/first instruction in system memory/);
    // the ROM has its own source, and its instructions beside it
    await page.getByTestId('source').waitFor();
    await page.getByRole('button', { name: 'Instructions', exact: true }).click();
    expect(await here.textContent()).toMatch(/^0bf97ff8 mrs r0, control/);
    expect(await page.getByTestId('instructions').textContent()).toMatch(/rom_entry:\s*start\.c:\d+/);
    const { chunks } = loadImage(readFileSync(posted('firmware.elf')), 'f.elf');
    await page.getByLabel(/^Chip/).fill('stm32h533re');
    await page
      .getByLabel(/or your own/)
      .setInputFiles({ name: 'mine.bin', mimeType: 'application/octet-stream', buffer: Buffer.from(chunks[0]!.data) });
    await page.getByTestId('outcome').waitFor();
    await moved(/^power-on/);
    expect(await here.textContent()).toMatch(/^[0-9a-f]{8} push/);
    // with a source, both
    await page.getByRole('combobox', { name: 'Example' }).selectOption('h533-straight');
    await page.getByTestId('source').waitFor();
    await page.getByRole('button', { name: 'Instructions', exact: true }).click();
    expect(await here.isVisible()).toBe(true);
  });

  it('shares a run: a link with the file in it, and the picture as SVG and PNG', async () => {
    await open();
    await page.getByLabel(/or your own/).setInputFiles(posted('firmware.elf'));
    await page.waitForURL(/sha256=/);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    const files: Buffer[] = [];
    for (const kind of ['SVG', 'PNG']) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Picture as ${kind}` }).click(),
      ]);
      files.push(readFileSync(await download.path()));
    }
    expect(files[0]!.toString()).toMatch(/^<svg .*PRIMASK = 1/s);
    expect(files[1]!.subarray(1, 4).toString()).toBe('PNG');
    expect(files[1]!.readUInt32BE(16)).toBe(1520);
    await page.getByRole('button', { name: 'Copy a link with the file in it' }).click();
    const { hash } = new URL(await page.getByRole('textbox', { name: 'link' }).inputValue());
    expect(hash.length).toBeLessThan(60_000);
    // in a browser that has never seen the file
    await page.close();
    page = await (await browser.newContext()).newPage();
    await page.goto(base + hash);
    await page
      .getByTestId('outcome')
      .filter({ hasText: /^rom-silent/ })
      .waitFor({ timeout: 60_000 });
    expect(await page.getByText(/This link is about a file/).count()).toBe(0);
    await page.context().close();
  });

  it('stops: a whole run, and a machine on its way', async () => {
    await open();
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    await page.context().route('**/facts/stm32h745*.json', async (route) => {
      await arrived;
      await route.continue().catch(() => undefined);
    });
    await page.getByRole('combobox', { name: 'Example' }).selectOption('h745-seed001-as-posted');
    await page.getByText('running…').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alert').filter({ hasText: 'Stopped.' }).waitFor();
    arrive();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByTestId('outcome').waitFor();
    expect(await textOf('outcome')).toMatch(/^fault/);
    // it waits for a DFU device that never comes
    await page.getByRole('button', { name: 'DFU', exact: true, disabled: false }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await moved(/^stopped/);
  });

  it('follows links in an open page, back and forward', async () => {
    await open('#example=h533-straight');
    const come = async (example: string, outcome: RegExp): Promise<void> => {
      await page.getByTestId('outcome').filter({ hasText: outcome }).waitFor();
      await page.waitForURL((url) => url.hash.startsWith(`#example=${example}`));
      expect(await page.getByRole('combobox', { name: 'Example' }).inputValue()).toBe(example);
    };
    await come('h533-straight', /^dfu/);
    await page.getByRole('combobox', { name: 'Example' }).selectOption('h745-seed001-as-posted');
    await come('h745-seed001-as-posted', /^fault/);
    await page.goBack();
    await come('h533-straight', /^dfu/);
    await page.goForward();
    await come('h745-seed001-as-posted', /^fault/);
    await page.evaluate(() => (location.hash = '#example=l476-seed004-masked'));
    await come('l476-seed004-masked', /^back-in-app/);
    await page.goBack();
    await come('h745-seed001-as-posted', /^fault/);
  });

  it('says what to do where its server is gone', async () => {
    await open();
    await page.context().setOffline(true);
    const own = readFileSync(join(root, 'fixtures', 'h533-primask', 'firmware.elf'));
    await page.getByLabel(/or your own/).setInputFiles({ name: 'mine.elf', mimeType: 'application/octet-stream', buffer: own });
    expect(await page.getByRole('alert').textContent()).toMatch(/could not be loaded: is its server still running/);
    // the browser's own line about what it did not get
    complaints.splice(0);
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/STM32H5\d\d\w+, .* of virtual time/).waitFor();
  });

  it('works by keyboard alone, on 390 px without sideways scrolling, and axe finds nothing serious', async () => {
    await open('', 390);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    const focus = (): Promise<string> => page.evaluate(() => document.activeElement?.parentElement?.textContent?.trim() ?? '');
    const press = async (name: string): Promise<void> => {
      for (let n = 0; n < KEYS && !(await page.evaluate((label) => document.activeElement?.textContent === label, name)); n++)
        await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    };
    await press('What if');
    await page.getByRole('checkbox', { name: /PRIMASK/ }).waitFor();
    let keys = 0;
    for (; keys < KEYS && !(await focus()).startsWith('PRIMASK'); keys++) await page.keyboard.press('Tab');
    expect(keys).toBeLessThan(KEYS);
    await page.keyboard.press('Space');
    await page.getByTestId('whatif').waitFor();
    await page.getByRole('button', { name: 'Verdict', exact: true }).focus();
    await press('Machine');
    // Tab passes a button by that waits for its machine
    await expect.poll(() => page.getByRole('button', { name: 'ROM entry', exact: true }).isEnabled(), { timeout: 60_000 }).toBe(true);
    for (keys = 0; keys < KEYS && !(await page.evaluate(() => document.activeElement?.textContent === 'ROM entry')); keys++)
      await page.keyboard.press('Tab');
    expect(keys).toBeLessThan(KEYS);
    await page.keyboard.press('Enter');
    await moved(/first instruction in system memory/);
    await page.addScriptTag({ path: join(root, 'node_modules', 'axe-core', 'axe.min.js') });
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]?.html }));
    });
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  });

  it.each([
    ['h533-seed000-as-posted', 1440, 900],
    ['f072-seed002-as-posted', 1440, 900],
    ['h745-seed001-as-posted', 1280, 800],
  ])('shows %s on one screen of %i × %i: picture, verdict, timeline, code and machine', async (example, width, height) => {
    await open(`#example=${example}`, width);
    await page.setViewportSize({ width, height });
    await moved(/^power-on/);
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    expect(size).toEqual([width, height]);
    const places = ['.hand-over svg', '[data-testid=outcome]', '[data-testid=timeline] svg .mark', '[aria-label=code]', '.registers'];
    for (const place of places) {
      const box = (await page.locator(place).first().boundingBox())!;
      expect([place, box.y >= 0, box.y + Math.min(box.height, 100) <= height, box.x + box.width <= width + 1]).toEqual([
        place,
        true,
        true,
        true,
      ]);
    }
    expect(await brokenWords()).toEqual([]);
  });

  it('shows on a phone the picture that was drawn for one, the verdict and tabs, and cuts nothing', async () => {
    await open('#example=h533-seed000-as-posted', 390);
    await page.setViewportSize({ width: 390, height: 844 });
    const drawn = page.locator('.hand-over svg');
    expect(await drawn.getAttribute('width')).toBe('380');
    // a letter of the picture is no smaller than nine pixels
    const scale = await drawn.evaluate((e) => e.getBoundingClientRect().width / (e as SVGSVGElement).viewBox.baseVal.width);
    expect(scale * 12.5).toBeGreaterThan(8.5);
    // a phone is slow: the lanes are drawn, and lists are made, for who opens them
    expect(await page.locator('#timeline svg, #timeline tr, .side tr').count()).toBe(0);
    for (const tab of ['Timeline', 'Machine', 'What if', 'Verdict']) {
      await page.getByRole('button', { name: tab, exact: true }).click();
      if (tab === 'Timeline') await page.locator('#timeline svg .mark').first().waitFor();
      if (tab === 'Machine') await page.locator('.registers').waitFor();
      expect([tab, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([tab, 390]);
      expect([tab, await brokenWords()]).toEqual([tab, []]);
    }
    await page.getByRole('button', { name: 'Machine', exact: true }).click();
    await page.locator('.registers').waitFor();
    expect(await page.getByTestId('story').isVisible()).toBe(false);
    // with the host's words, its last transfer and the clocks, in the ROM's source
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await moved(/^the run is over: .* in the ROM, \w+, /);
    await page.getByTestId('source').waitFor();
    expect([await page.evaluate(() => document.documentElement.scrollWidth), await brokenWords()]).toEqual([390, []]);
  });

  it('shows a verdict before anything is loaded that only later steps and other chips need', async () => {
    page = await browser.newPage();
    const asked: { readonly name: string; readonly at: number }[] = [];
    // what the page has already has an address of its own
    const isFile = (url: string): boolean => url.startsWith(base);
    page.on(
      'requestfinished',
      (r) => isFile(r.url()) && asked.push({ name: new URL(r.url()).pathname.slice(1) || 'index.html', at: r.timing().startTime }),
    );
    await page.addInitScript(() => {
      const seen = new MutationObserver(() => {
        if (document.querySelector('[data-testid=outcome]') === null) return;
        document.documentElement.dataset['verdict'] = String(Date.now());
        seen.disconnect();
      });
      seen.observe(document, { subtree: true, childList: true });
    });
    await page.goto(base);
    await moved(/^power-on/);
    const shown = Number(await page.locator('html').getAttribute('data-verdict'));
    const [first, later] = [asked.filter(({ at }) => at <= shown), asked.filter(({ at }) => at > shown)].map((some) =>
      some.map(({ name }) => name),
    );
    const pieces = (names: readonly string[]): string[] => names.flatMap((name) => /^([a-z-]+)-[0-9A-Z]{8}\.js$/.exec(name)?.[1] ?? []);
    expect(pieces(first!).filter((name) => name !== 'chunk' && name !== 'timeline')).toEqual([]);
    expect(pieces(later!)).toEqual(expect.arrayContaining(['held', 'models', 'sometimes', 'what-if-runs']));
    expect(first).toEqual(expect.arrayContaining(['lab.js', 'facts/stm32f0x2.json', 'rom/f072.bin']));
    // what is asked for again comes from the browser's cache
    const bytes = [...new Set(first)].reduce(
      (sum, name) => sum + (name === 'dump.json' ? 0 : statSync(join(folder, `${name}.gz`)).size),
      0,
    );
    expect(bytes).toBeGreaterThan(LARGEST_START / 2);
    expect(bytes).toBeLessThan(LARGEST_START);
  });

  it('is small, and only its own files are served', async () => {
    await open();
    const size = (name: string): number => statSync(join(folder, name)).size;
    const scripts = readdirSync(folder).filter((f) => /\.(js|html|css)\.gz$/.test(f));
    const facts = Math.max(...readdirSync(join(folder, 'facts')).map((f) => size(join('facts', f))));
    expect(scripts.reduce((sum, f) => sum + size(f), 0) + facts).toBeLessThan(LARGEST_PAGE);
    for (const path of ['../package.json', '%2e%2e/package.json', 'nothing.js', 'examples/../../x']) {
      const answer = await fetch(base + path);
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await fetch(base, { method: 'POST' })).status).toBe(405);
    const plain = await fetch(`${base}index.html`, { headers: { 'accept-encoding': 'identity' } });
    expect(await plain.text()).toContain('bootbench playground');
  });
});
