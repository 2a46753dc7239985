/** A UART step as the pin sees it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repairTarget } from '../../src/bench/proof/repairs.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { plainJob } from './plain-job.ts';

const BIT = 86_805_556 / 10;

function session(): Session {
  const path = 'fixtures/h533-straight/firmware.elf';
  const images = [{ path, bytes: new Uint8Array(readFileSync(path)) }];
  const steps = [{ at: '100us', do: { uart: { port: 'USART1', hex: '55f0' } } }];
  return new Session(jobInput(plainJob('STM32H533RE', images, { steps })));
}

function levels(hold: boolean): { level: number; at: number }[] {
  const s = session();
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
  // it is held from the start on
  expect(levels(true).filter(({ at }) => at >= 0)).toEqual([]);
});

test('the port has a byte when its last bit has passed on the pin, not before', () => {
  const s = session();
  const bytes: { byte: number; at: number }[] = [];
  const { wire } = s.machine.observer;
  s.machine.observer.wire = (name, value) => {
    if (name === 'usart1.rx' && value & 0x100) bytes.push({ byte: value & 0xff, at: s.machine.now - 100_000_000 });
    wire?.(name, value);
  };
  s.machine.run(500_000_000);
  expect(bytes.map((b) => [b.byte, Math.round(b.at / BIT)])).toEqual([
    [0x55, 10],
    [0xf0, 20],
  ]);
});
