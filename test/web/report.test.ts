/** The page of `--html` in Chromium: the timeline by keyboard, links into it, 390 px, print, axe, and no complaint of the browser. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BROWSERS = [process.env['BOOTBENCH_CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browserPath = BROWSERS.find((path) => path !== '' && existsSync(path));
const program = join(root, 'dist', 'bootbench.js');
const missing = browserPath === undefined ? 'chromium is not installed' : existsSync(program) ? null : 'npm run build has not run';
if (missing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(missing);
const LARGEST = 300_000;
const MOST_PAGES = 4;

describe.skipIf(missing !== null)(`the report's page${missing === null ? '' : `: ${missing}`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-report-'));
  const file = join(folder, 'report.html');
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const scenario = join(root, 'fixtures', 'f072-masked', 'scenario.json');
    try {
      execFileSync(process.execPath, [program, 'run', '--scenario', scenario, '--html', file, '--quiet']);
    } catch (error) {
      // the run fails, as it is to
      if ((error as { status?: number }).status !== 1) throw error;
    }
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
    page.on('pageerror', (e) => complaints.push(e.message));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
    expect(complaints).toEqual([]);
  });
  const said = (): Promise<string | null> => page.locator('#picture output').textContent();

  it('has the masks, the clocks, the wire, and the repaired run beside the failing one', async () => {
    const names = async (): Promise<string[]> =>
      (await page.locator('#picture svg > g > text:not(.broken)').allTextContents()).map((t) => t.replace(/the same run.*/, ''));
    const lanes = ['runs', '↻ runs', 'masks', '↻ masks', 'waiting', 'clock', 'supply, D+', 'host', '↻ host'];
    expect(await names()).toEqual(lanes);
    const all = page.getByRole('button', { name: /^all \d+ lanes$/ });
    await all.click();
    expect(await all.getAttribute('aria-pressed')).toBe('true');
    expect(await names()).toEqual(expect.arrayContaining([...lanes, 'primask', 'sysclk', 'USB transfers', 'on the bus', '↻ exception']));
    await all.click();
    expect(await names()).toEqual(lanes);
    expect(statSync(file).size).toBeLessThan(LARGEST);
  });
  it('shows the hand-over first, and the mask that is the cause in red with its line', async () => {
    const red = page.locator('#picture .mark.core.bad');
    expect(await red.count()).toBe(1);
    expect(await red.getAttribute('aria-label')).toMatch(/^masks, .*: PRIMASK = 1, by main\.c:6$/);
    // beneath it, the interrupt that it keeps waiting
    expect(await page.locator('#picture .mark.held').getAttribute('aria-label')).toMatch(/^waiting, .*: 31 \(USB\/EXTI\) waits$/);
    expect(await page.locator('#picture .mark.bus.good:not([aria-label^="repaired"])').count()).toBe(0);
    // the border between application and ROM is no hair at the edge
    const [application, rom] = await page
      .locator('#picture .mark.application:not([aria-label*="↻"]) rect')
      .evaluateAll((all) => all.slice(0, 2).map((e) => Number(e.getAttribute('width'))));
    expect(Math.min(application!, rom!)).toBeGreaterThan(15);
  });
  it('is broken where nothing happens, says so, and cuts no text at its right edge', async () => {
    expect(await page.locator('#picture rect.break').count()).toBeGreaterThan(2);
    expect(await page.locator('#picture rect.break title').first().textContent()).toMatch(/^the axis is broken: [\d.]+ m?s$/);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await page.locator('#picture svg').evaluate((svg) => {
        const { right } = svg.getBoundingClientRect();
        return Array.from(svg.querySelectorAll('text')).flatMap((t) => (t.getBoundingClientRect().right > right ? [t.textContent] : []));
      });
      expect(cut).toEqual([]);
    }
    // a click inside of a break is an instant of it
    const band = (await page.locator('#picture rect.break').first().boundingBox())!;
    await page.mouse.click(band.x + band.width / 2, band.y + band.height - 2);
    expect(await page.locator('#now h3').textContent()).toMatch(/^At [\d.]+ /);
  });
  it('is gone through by keyboard, and the table follows', async () => {
    await page.locator('#picture svg').focus();
    await page.keyboard.press('0');
    await page.keyboard.press('>');
    expect(await said()).toMatch(/^events: 0 µs: reset: power-on/);
    expect(await page.locator('tr.chosen').textContent()).toContain('power-on');
    const width = (): Promise<number> =>
      page
        .locator('.mark.application rect')
        .first()
        .evaluate((e) => Number(e.getAttribute('width')));
    const before = await width();
    await page.keyboard.press('+');
    await expect.poll(width).not.toBe(before);
    await page.keyboard.press('0');
    await expect.poll(width).toBe(before);
    await page.locator('#t2').click();
    expect(await page.locator('tr.chosen').count()).toBe(1);
    expect(await said()).toMatch(/^events: /);
  });
  it('tells of one instant what ran, where, and what the host had: at the hand-over first, then by arrow keys and clicks', async () => {
    const now = page.locator('#now');
    const told = async (): Promise<Readonly<Record<string, string>>> => {
      const [labels, values] = await Promise.all([now.locator('dt').allTextContents(), now.locator('dd').allTextContents()]);
      return Object.fromEntries(labels.map((l, i) => [l, values[i]!]));
    };
    await page.reload();
    const first = await told();
    expect(first).toMatchObject({ runs: 'ROM', masks: 'PRIMASK = 1, by main.c:6' });
    // the ROM of an F072 has its handler where its table says
    expect(first['where']).toMatch(/^in the ROM, common\/start\.c:\d+ \(\w+\)$/);
    expect(first['source']).toMatch(/\w/);
    await page.locator('#picture svg').focus();
    const before = await now.locator('h3').textContent();
    await page.keyboard.press('ArrowLeft');
    const earlier = await told();
    expect(await now.locator('h3').textContent()).not.toBe(before);
    expect(earlier['runs']).toBe('application');
    expect(earlier['where']).toMatch(/main\.c:\d+ \(|core\.c:\d+ \(|board\.c:\d+ \(/);
    expect(earlier['source']).not.toBe('');
    await page.keyboard.press('ArrowRight');
    expect(await now.locator('h3').textContent()).toBe(before);
    // in a stretch, the instant under the pointer
    await page.locator('#picture svg').evaluate((e) => e.scrollIntoView({ block: 'center' }));
    const rom = (await page.locator('#picture .mark.rom rect').first().boundingBox())!;
    await page.mouse.click(rom.x + rom.width * 0.9, rom.y + rom.height / 2);
    const last = await told();
    expect(last['USB transfers']).toMatch(/SET_ADDRESS.*; setup 00 05 /);
    expect(last['SETUP']).toMatch(
      /^bmRequestType 0x00 \(to the device, standard, device\), bRequest 5, wValue 0x00\d\d, wIndex 0x0000, wLength 0$/,
    );
    expect(last['clock SYSCLK']).toMatch(/^[\d.]+ MHz, from /);
  });
  it('measures from one instant to another', async () => {
    const title = page.locator('#now h3');
    await page.reload();
    await page.locator('#picture svg').focus();
    await page.keyboard.press('m');
    expect(await title.textContent()).toMatch(/, measured from here$/);
    expect(await page.locator('#picture line.measure').count()).toBe(1);
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    expect(await title.textContent()).toMatch(/, [\d.]+ (s|ms|µs) after the mark$/);
    await page.getByRole('button', { name: 'measure from here' }).click();
    await page.getByRole('button', { name: 'measure no more' }).click();
    expect(await page.locator('#picture line.measure').count()).toBe(0);
  });
  it('shows what was handed over: vector table and stack', async () => {
    expect(await page.locator('summary', { hasText: /vector table at 0x/ }).count()).toBe(1);
    expect(await page.getByText('memory map').count()).toBe(1);
  });
  it('prints on four pages: what is unfolded, and a line that says what is not there', async () => {
    await page.emulateMedia({ media: 'print' });
    const isShown = (text: RegExp): Promise<boolean> => page.getByText(text).first().isVisible();
    for (const text of [/^Fix$/, /^Proof$/, /^Holds$/, /^Not printed: /, /1 fail/]) expect(await isShown(text), String(text)).toBe(true);
    for (const text of [/do not apply$/, /memory map/, /measures from mark to mark/]) expect(await isShown(text), String(text)).toBe(false);
    await page.emulateMedia({ media: null });
    const pdf = await page.pdf({ format: 'A4' });
    // every page of a PDF is an object of this type
    expect((pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length).toBeLessThanOrEqual(MOST_PAGES);
  });
  it('has the verdict, the cause with its line and the fix on the first screen', async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    for (const text of [/^Cause$/, /^Fix$/]) {
      const box = await page.getByText(text).first().boundingBox();
      expect(box!.y + box!.height, String(text)).toBeLessThan(900);
    }
  });
  it('has the picture as wide as a phone on a phone, and no word of it is smaller than 11 px', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.locator('.picture .wide').isVisible()).toBe(false);
    const sizes = await page
      .locator('.picture .narrow svg')
      .evaluate((svg: SVGSVGElement) =>
        Array.from(svg.querySelectorAll('text')).map(
          (t) => (parseFloat(getComputedStyle(t).fontSize) * svg.clientWidth) / svg.viewBox.baseVal.width,
        ),
      );
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(11);
  });
  it('fits 390 px without sideways scrolling, and axe finds nothing serious', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.addScriptTag({ path: join(root, 'node_modules', 'axe-core', 'axe.min.js') });
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]?.html }));
    });
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  });
});
