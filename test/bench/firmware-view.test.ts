/** What a result tells of the firmware and what the board's pins do when nothing is connected. */
import { terminalReport } from '../../src/report/terminal.ts';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { bench } from '../../src/index.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

it('registers without behaviour that only the ROM touched are not in the list', async () => {
  const bytes = new Uint8Array(readFileSync(fixture('h533-straight/firmware.elf')));
  const result = await bench({ chip: 'stm32h533re', images: [{ path: 'firmware.elf', bytes }] });
  // the stand-in ROM listens on I2C and SPI, which have no behaviour; the firmware uses neither
  expect(result.outcome).toBe('dfu');
  expect(result.unmodelled.map((u) => u.peripheral).filter((name) => /^(I2C|SPI)/.test(name))).toEqual([]);
});

it('registers without behaviour that the firmware polls are', async () => {
  const result = await inThread(await loadJob([], { scenario: fixture('h533-stuck-pka-tick/scenario.json') } as never, fixture('')), {});
  expect(result.outcome).toBe('stuck');
  expect(result.unmodelled.map((u) => `${u.peripheral}.${u.register}`)).toEqual(['PKA.CR', 'PKA.SR']);
  expect(result.stuck).toMatchObject({ register: 'PKA.SR', force: 'PKA.SR.INITOK=1' });
  expect(terminalReport(result, { width: 120 }).split('\n')[0]).toBe(
    'FAIL   stuck: the firmware polls PKA.SR, which bootbench does not model; --force PKA.SR.INITOK=1 gets past it',
  );
  const passed = await inThread(
    await loadJob([], { scenario: fixture('h533-stuck-pka-tick/scenario.json'), force: [result.stuck!.force!] } as never, fixture('')),
    {},
  );
  expect(passed.outcome).toBe('dfu');
  expect(passed.notes.filter((n) => n.kind === 'force')).toEqual([]);
});

it('a pin that nothing drives follows the pull of its port, a pin that the board holds does not', async () => {
  const job = await loadJob([], { scenario: fixture('h533-straight/scenario.json') } as never, fixture(''));
  const scenario = { ...job.scenario, board: { ...job.scenario.board, pins: { PC2: 0 } } };
  const { system, bootCore } = new Session(jobInput({ ...job, scenario } as never)).machine;
  const GPIOC = 0x42020800;
  bootCore.write(0x44020c8c, 4, 0b100, true);
  expect(bootCore.peek(GPIOC + 0x10, 4)! & 0b110).toBe(0);
  system.writeBlock(system.block('GPIOC'), GPIOC, 4, 0);
  system.writeBlock(system.block('GPIOC'), GPIOC + 0x0c, 4, 0b0101_00);
  expect(bootCore.peek(GPIOC + 0x10, 4)! & 0b110).toBe(0b010);
});
