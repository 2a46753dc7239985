/** Seed 000: his board resets, the model's ROM is silent. What would make it reset is run, each as a ROM option or a board. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { shortReport } from '../../src/report/short.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { shows } from '../../src/bench/proof/solver.ts';
import type { Outcome, RunResult } from '../../src/bench/documents/result.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const run = async (scenario: string, options: Readonly<Record<string, unknown>> = {}): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: fixture(scenario), ...options }, fixture('')), {});

describe('seed 000 with the symptom that its poster saw', () => {
  it('the run shows another outcome, and the search names what does reset the board', async () => {
    const result = await run('h533-seed000-as-posted/scenario.json', { symptom: 'resets' });
    expect(result.outcome).toBe('rom-silent');
    expect(result.diagnosis.causes.map((c) => [c.id, c.proved])).toEqual([['primask', true]]);
    expect(result.symptom!.matches).toBe(false);
    const found = result.symptom!.options.map((o) => [{ ...o.rom, ...o.board }, o.outcome]);
    expect(found).toContainEqual([{ 'vector-table': 'secure-alias' }, 'no-jump']);
    expect(found).toContainEqual([{ 'sysflash-gap': 'decoy-resets' }, 'back-in-app']);
    expect(found).toContainEqual([{ 'option byte IWDG_SW': 0 }, 'reset-loop']);
    const told = result.notes
      .filter((n) => n.kind === 'symptom')
      .map((n) => n.text)
      .join('\n');
    // a table before zeros ends in a fault whose handler nobody has: no reset
    expect(told).toContain('sysflash-gap=decoy (fault)');
    expect(told).toMatch(/never used the setting in this run: .*unexpected-exception/);
    const report = terminalReport(result).replace(/\s+/g, ' ');
    expect(report).toContain('This is NOT what you reported (the board resets).');
    expect(report.indexOf('NOT what you reported')).toBeLessThan(report.indexOf('Cause primask'));
    expect(report).toContain('--rom-option vector-table=secure-alias, no-jump');
  }, 120_000);

  it('with BOOT0 high his application does not run, nor does anybody ask it for DFU: the ROM is there', async () => {
    const result = await run('h533-seed000-as-posted/scenario.json', { symptom: ['nothing', 'works-with-BOOT0'] });
    expect(result.symptom).toEqual({ asked: 'nothing + works-with-BOOT0', matches: true, options: [] });
  }, 60_000);

  it('with a table that fails his test his own NVIC_SystemReset fires, before any entry', async () => {
    const result = await run('h533-seed000-as-posted/scenario.vector-table-secure-alias.json');
    expect(result.outcome).toBe('no-jump');
    expect(result.entries).toEqual([]);
    expect(result.resets.filter((r) => r.by === 'software').map((r) => r.from?.symbol)).toEqual(['system_reset', 'system_reset']);
  });
});

describe('seed 003: STM32CubeProgrammer lists the device, DfuSe Demo does not', () => {
  it('the driver of the host decides, and the first screen says which programs ask for it', async () => {
    const result = await run('l496-seed003-as-posted/scenario.json', { symptom: 'works-with-other-tool' });
    expect(result.symptom).toEqual({ asked: 'works-with-other-tool', matches: true, options: [] });
    expect(shortReport(result).replace(/\s+/g, ' ')).toContain(
      'The device is found by dfu-util, STM32CubeProgrammer and WebUSB in a browser, and not by DfuSe Demo: the driver is WinUSB',
    );
  });
  it('a run that does not reach DFU does not show it', () => {
    expect(shows('works-with-other-tool', { outcome: 'rom-silent', ownResets: 0, foreignDevice: false, unknownDevice: false })).toBe(false);
  });
});

describe('what looks like a symptom', () => {
  const run0 = (outcome: Outcome, ownResets = 0, foreignDevice = false) => ({ outcome, ownResets, foreignDevice, unknownDevice: false });
  it('the application after a reset looks like a reset, the application alone does not', () => {
    expect(shows('resets', run0('no-jump', 1))).toBe(true);
    expect(shows('resets', run0('no-jump', 0))).toBe(false);
    expect(shows('resets', run0('rom-silent', 1))).toBe(false);
    expect(shows('resets', run0('back-in-app'))).toBe(true);
  });
  it('a hang is no application that runs; another device is told by its ids', () => {
    expect(shows('hang', run0('no-jump'))).toBe(false);
    expect(shows('nothing', run0('no-jump'))).toBe(true);
    expect(shows('wrong-device', run0('back-in-app', 0, true))).toBe(true);
    expect(shows('wrong-device', run0('dfu'))).toBe(false);
  });
});
