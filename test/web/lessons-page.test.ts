/** The lessons in Chromium by keyboard alone: one of each kind of step, deep links, back and forward, what is remembered, 390 px, axe. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LESSONS } from '../../web/lessons/lessons.ts';
import { MISSING, openSite } from './site.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const MOST_KEYS = 40;

describe.skipIf(MISSING !== null)(`lessons${MISSING === null ? '' : `: ${MISSING}`}`, () => {
  let base = '';
  let browser: Browser;
  let close: () => Promise<void> = () => Promise.resolve();
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    ({ base, browser, close } = await openSite());
  });
  afterAll(() => close());
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(hash: string, width = 1280): Promise<void> {
    page = await browser.newPage({ viewport: { width, height: 844 } });
    page.setDefaultTimeout(60_000);
    page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
    page.on('pageerror', (e) => complaints.push(e.message));
    await page.goto(base + hash);
  }
  /** Tab until what has the focus has this text; the page may be that of the step before for an instant. */
  async function tabTo(text: string | RegExp): Promise<void> {
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const e = document.activeElement;
        return e === null ? '' : `${e.getAttribute('aria-label') ?? ''} ${e.closest('label')?.textContent ?? e.textContent ?? ''}`;
      });
    for (let keys = 0; keys < MOST_KEYS; keys++) {
      await page.keyboard.press('Tab');
      const now = await focused();
      if (typeof text === 'string' ? now.includes(text) : text.test(now)) return;
    }
    throw new Error(`no key leads to ${String(text)}`);
  }
  /** Tab into the answers, which stand in an order of their own; the arrow keys go from one to the next. */
  async function choose(text: string | RegExp): Promise<void> {
    const wanted = page.getByRole('radio', { name: text });
    await wanted.waitFor();
    for (let keys = 0; keys < MOST_KEYS && !(await page.evaluate(() => document.activeElement?.matches('input[type=radio]'))); keys++)
      await page.keyboard.press('Tab');
    const isThere = (): Promise<boolean> => wanted.evaluate((e) => e === document.activeElement);
    for (let keys = 0; keys < MOST_KEYS && !(await isThere()); keys++) await page.keyboard.press('ArrowDown');
    expect(await isThere()).toBe(true);
    await page.keyboard.press('Space');
  }
  const says = async (text: RegExp): Promise<void> => page.getByTestId('says').filter({ hasText: text }).waitFor();
  const shown = (text: string): Promise<void> => page.getByText(text).first().waitFor();
  const hash = (): string => new URL(page.url()).hash;

  it('look, then predict: commit first, then the bench tells', async () => {
    await open('#lesson=seed-000&step=1');
    await shown('Run to there');
    await tabTo('Run to there');
    expect(await page.getByText('What the bench found').count()).toBe(0);
    await page.keyboard.press('Enter');
    await shown('What the bench found');
    await tabTo('Next step');
    await page.keyboard.press('Enter');
    await shown('How does it end?');
    expect(hash()).toBe('#lesson=seed-000&step=2');
    expect(await page.getByText('✓ true').count()).toBe(0);
    await choose('The DFU device appears');
    await tabTo('Commit and run');
    await page.keyboard.press('Enter');
    await says(/^No\. Most of the steps are right/);
    expect(await page.locator('.choice.true').textContent()).toMatch(/^The ROM runs, and no device/);
    expect(await page.locator('.choice.wrong').textContent()).toMatch(/^The DFU device/);
  });

  it('find the line: a hint for a wrong one, then the line of the proved cause', async () => {
    await open('#lesson=seed-000&step=4');
    await page.getByRole('listbox').waitFor();
    await tabTo('lines of the source');
    for (const [text, answer] of [
      ['PWR_USBSCR |=', /no\. The USB supply is on/],
      ['irq_off();', /yes\. The proved cause names this line/],
    ] as const) {
      const wanted = (await page.getByRole('option', { name: text }).getAttribute('id'))!;
      await page.keyboard.press('Home');
      for (let i = 0; i < 100 && (await page.getByRole('listbox').getAttribute('aria-activedescendant')) !== wanted; i++)
        await page.keyboard.press('ArrowDown');
      const answers = await page.getByTestId('says').count();
      await page.keyboard.press('Enter');
      // chosen, and not yet an answer
      await page.getByRole('button', { name: /^Commit line/ }).waitFor();
      expect(await page.getByTestId('says').count()).toBe(answers);
      await page.keyboard.press('Enter');
      await says(answer);
    }
    await shown('Next step');
  });

  it('find the line on a phone: the question is above the source, and the answer is scrolled to', async () => {
    await open('#lesson=address-zero&step=4', 390);
    const question = (await page.getByText('Click the line whose write').boundingBox())!;
    expect(question.y).toBeLessThan((await page.getByRole('listbox').boundingBox())!.y);
    await page.getByRole('option', { name: 'SYSCFG_MEMRMP = MEM_MODE_SYSTEM;' }).click();
    await page.getByRole('button', { name: 'Commit line 12' }).click();
    await says(/^Line 12: yes/);
    await expect.poll(async () => (await page.getByTestId('says').boundingBox())!.y).toBeLessThan(844);
  });

  it('repair: one thing that does not help, then the one that does', async () => {
    await open('#lesson=seed-000&step=3');
    await page.getByRole('radio').first().waitFor();
    // a word of a switch that does not help is explained as well
    await page.locator('.words').filter({ hasText: 'VDDUSB: the supply of USB' }).waitFor();
    await choose('HSI48 = on');
    await tabTo('Set this and run');
    await page.keyboard.press('Enter');
    await says(/^No\. HSI48 = on is so already .* the outcome stays rom-silent/);
    await page.getByRole('radio', { name: /PRIMASK/ }).focus();
    await page.keyboard.press('Space');
    await tabTo('Set this and run');
    await page.keyboard.press('Enter');
    await says(/rom-silent becomes dfu/);
  });

  it('shows the answers of an earlier visit with what the bench says of them, also behind a reload, until they are taken back', async () => {
    await open('#lesson=seed-000&step=2');
    await page.getByRole('radio', { name: 'The DFU device appears' }).click();
    await page.getByRole('button', { name: 'Commit and run' }).click();
    await says(/^No\. Most of the steps/);
    await page.goto(`${base}#lesson=seed-000&step=4`);
    for (const text of ['PWR_USBSCR |=', 'irq_off();']) {
      await page.getByRole('option', { name: text }).click();
      await page.getByRole('button', { name: /^Commit line/ }).click();
      await shown(text === 'irq_off();' ? 'yes. The proved cause' : 'no. The USB supply is on');
    }
    await page.goto(`${base}#lesson=seed-000&step=2`);
    await says(/^No\. Most of the steps/);
    await shown('What the bench found');
    expect(await page.locator('.choice.wrong').textContent()).toMatch(/^The DFU device/);
    await page.goto(`${base}#lesson=seed-000&step=4`);
    await page.reload();
    await says(/^Line 12: yes/);
    await shown('no. The USB supply is on');
    await shown('Next step');
    await page.getByRole('button', { name: 'Answer this step anew' }).click();
    await page.getByRole('button', { name: 'Commit a line' }).waitFor();
    expect(await page.getByTestId('says').count()).toBe(0);
  });

  it.each([1200, 820])('shows the whole picture of the run at %i px', async (width) => {
    await open('#lesson=clocks&step=5', width);
    await page.getByRole('radio').first().click();
    await page.getByRole('button', { name: 'Commit and run' }).click();
    await page.getByText('The whole run as one picture').click();
    const box = (await page.locator('.hand-over').boundingBox())!;
    const svg = (await page.locator('.hand-over svg').boundingBox())!;
    expect(svg.x + svg.width).toBeLessThanOrEqual(box.x + box.width);
  });

  it('shows the picture of a run when no open step of the lesson asks for what it tells', async () => {
    await open('#lesson=seed-000&step=2');
    await page.getByRole('radio').first().click();
    await page.getByRole('button', { name: 'Commit and run' }).click();
    await shown('when steps 3 and 4 are answered');
    expect(await page.getByText('The whole run as one picture').count()).toBe(0);
    await page.goto(`${base}#lesson=seed-000&step=3`);
    await page.getByRole('radio', { name: /PRIMASK/ }).click();
    await page.getByRole('button', { name: 'Set this and run' }).click();
    await says(/^Right/);
    await page.goto(`${base}#lesson=seed-000&step=4`);
    await page.getByRole('option', { name: 'irq_off();' }).click();
    await page.getByRole('button', { name: 'Commit line 12' }).click();
    await says(/^Line 12: yes/);
    await page.goto(`${base}#lesson=seed-000&step=2`);
    await shown('The whole run as one picture');
    expect(await page.locator('.waits').count()).toBe(0);
  });

  it('says where the program is another one, and what words mean', async () => {
    await open('#lesson=seed-004&step=2');
    await page
      .locator('.changed')
      .filter({ hasText: /^Nearly the program of the step before: / })
      .waitFor();
    await page.locator('.words').filter({ hasText: 'fitted: the value was chosen' }).waitFor();
  });

  it('repair by an edit, and a hidden test at the end', async () => {
    await open('#lesson=seed-004&step=4');
    await page.getByRole('radio').first().waitFor();
    await choose(/^Take the masking out$/);
    await tabTo('Run this edit');
    await page.keyboard.press('Enter');
    await says(/^No\. The goal is not reached/);
    await page.getByRole('radio', { name: /put the asterisk in/ }).focus();
    await page.keyboard.press('Space');
    await tabTo('Run this edit');
    await page.keyboard.press('Enter');
    await says(/^Right\. The goal is reached/);
    await tabTo('Next step');
    await page.keyboard.press('Enter');
    await shown('Hidden test. Predict');
    await page.getByRole('radio', { name: 'In a fault' }).focus();
    await page.keyboard.press('Space');
    await tabTo('Commit and run');
    await page.keyboard.press('Enter');
    await says(/^Right\./);
    await shown('Next lesson:');
  });

  it('back, forward and links lead to steps; the playground and the list are a link away; progress is kept', async () => {
    await open('#lessons');
    await shown('Begin with lesson 1');
    for (const { title } of LESSONS) expect(await page.getByRole('link', { name: title }).count()).toBe(1);
    await page.getByText('Begin with lesson 1').click();
    await shown('Two words');
    await page.getByText('Run to there').click();
    await page.getByText('Next step').click();
    await shown('Which address does the first instruction');
    await page.goBack();
    await shown('Compare the words in memory');
    await page.goForward();
    await shown('Which address does the first instruction');
    await page.reload();
    await shown('Which address does the first instruction');
    await page.getByText('All lessons').click();
    await shown('1 of 5 steps done');
    await shown('Go on: The vector table');
    await page.getByText('Forget my progress').click();
    await shown('Begin with lesson 1');
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.getByTestId('outcome').waitFor();
    await page.getByRole('link', { name: 'Lessons', exact: true }).click();
    await shown('Begin with lesson 1');
  });

  it('names no step that lies ahead: its title would answer the ones before it', async () => {
    await open('#lesson=seed-000&step=2');
    await page.locator('.steps a').nth(3).waitFor();
    const tabs = await page.locator('.steps a').allTextContents();
    expect(tabs.length).toBeGreaterThan(3);
    expect(tabs.slice(0, 2).every((text) => /^\d \w/.test(text))).toBe(true);
    expect(tabs.slice(2).map((text) => text.trim())).toEqual(tabs.slice(2).map((_, i) => String(i + 3)));
  });
  it('tells of a lesson that does not exist, and takes the last step for one behind the end', async () => {
    await open('#lesson=no-such');
    await shown('There is no lesson “no-such”.');
    await page.goto(`${base}#lesson=seed-000&step=99`);
    await shown('Hidden test. Predict');
  });

  it('links the forum case', async () => {
    await open('#lesson=seed-002');
    const link = await page.getByRole('link', { name: 'what was asked, and the answer' }).getAttribute('href');
    const answer = await fetch(base + link!);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(await answer.text()).toContain('# Seed 002');
  });

  it.each([
    ['#lessons', 390],
    ['#lesson=seed-000&step=4', 390],
    ['#lesson=seed-000&step=3', 1280],
  ])('%s at %i px: no sideways scrolling, and axe finds nothing serious', async (at, width) => {
    await open(at, width);
    await (at === '#lessons' ? shown('Begin with lesson 1') : page.locator('.source').waitFor());
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
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
