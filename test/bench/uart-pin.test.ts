/** A UART step as the pin sees it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repairTarget } from '../../src/bench/repairs.ts';
import { jobInput } from '../../src/bench/job.ts';
import { Session } from '../../src/bench/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { findRomProfile } from '../../src/rom/profiles.ts';

const BIT = 86_805_556 / 10;

function levels(hold: boolean): { level: number; at: number }[] {
  const chip = findChip('stm32h533re')!;
  const path = 'fixtures/h533-straight/firmware.elf';
  const input = jobInput({
    version: '',
    chip: chip.name,
    images: [{ path, bytes: new Uint8Array(readFileSync(path)) }],
    scenario: { steps: [{ at: '100us', do: { uart: { port: 'USART1', hex: '55f0' } } }] },
    overrides: { images: [path] },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null },
    rom: {
      kind: 'stand-in',
      bytes: new Uint8Array(readFileSync(`rom/images/${findRomProfile(chip.rom!.id)!.image}.bin`)),
      version: null,
      options: {},
    },
    symptom: null,
    engine: 'bootbench',
    semihosting: true,
    bootAt: null,
    files: new Map(),
  });
  const s = new Session(input);
  const seen: { level: number; at: number }[] = [];
  const { wire } = s.machine.observer;
  s.machine.observer.wire = (name, level) => {
    if (name === 'pin.PA10') seen.push({ level, at: s.machine.now - 100_000_000 });
    wire?.(name, level);
  };
  if (hold) repairTarget(s.machine).holdPin!('PA10', 1);
  s.machine.run(500_000_000);
  return seen;
}

test('115,200 baud, 8N1: start bit low, the least significant bit first, stop bit high, on the pin at which the ROM has the port', () => {
  const edges = levels(false);
  // 0x55: each bit is an edge; 0xf0: start bit and four zeros, then high to the end
  expect(edges.map((e) => e.level)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  expect(edges.map((e) => Math.round(e.at / BIT))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15]);
});

test('a pin that a repair holds does not see it', () => {
  expect(levels(true)).toEqual([]);
});
