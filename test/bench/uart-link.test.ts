/** A host on the serial cable of firmware that has spoken on the same port before it went to the ROM. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { UartLink } from '../../src/bench/session/uart-link.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_APB2ENR, USART1, ROM] = [0x40021018, 0x40013800, 0x1ffff000];
/** Offsets of USART_SR, DR, BRR and CR1 (RM0008, USART register map). */
const [SR, DR, BRR, CR1] = [0x00, 0x04, 0x08, 0x0c];

it('the ROM still measures its rate: what the application said is no answer of the ROM', () => {
  const t = new Thumb(MAIN).constant(4, RCC_APB2ENR).constant(0, 0x4004).str(0, 4).constant(5, USART1);
  t.movs(0, 69).str(0, 5, BRR).constant(0, 0x2008).str(0, 5, CR1);
  // a read of SR and a write of DR clear TC, which is set again when the last stop bit is sent
  t.ldr(0, 5, SR).movs(0, 0x79).str(0, 5, DR);
  t.movs(1, 0x40).label('sent').ldr(0, 5, SR).tst(0, 1).beq('sent');
  t.movs(0, 0).str(0, 5, CR1).str(0, 4).constant(0, ROM).ldr(1, 0).movSp(1).ldr(0, 0, 4).bx(0);
  const held = new HeldMachine(jobInput(plainJob('stm32f103cb', bareImage(t), { host: { cable: 'out' } })));
  const link = new UartLink(held, 'USART1', 57_600);
  const heard: number[] = [];
  link.onByte = (byte) => heard.push(byte);
  expect(held.start().outcome).toBe('rom-silent');
  expect(heard).toEqual([0x79]);
  link.send(0x7f);
  link.run(5 * MS);
  for (const byte of [0x02, 0xfd]) link.send(byte);
  link.run(5 * MS);
  // ACK; then ACK, one byte more than one, device ID 0x410, ACK (AN3155)
  expect(heard.slice(1)).toEqual([0x79, 0x79, 0x01, 0x04, 0x10, 0x79]);
  held.release();
});

describe("a sender holds its line against the pull-down of H5's ROM on USART3", () => {
  const H563 = 'stm32h563zi';
  it('a cable', () => {
    const held = new HeldMachine(jobInput(plainJob(H563, [], { board: { boot0: 1 }, host: { cable: 'out' } })));
    const link = new UartLink(held, 'USART3', 57_600);
    const heard: number[] = [];
    link.onByte = (byte) => heard.push(byte);
    held.start();
    link.send(0x7f);
    link.run(5 * MS);
    expect(heard).toEqual([0x79]);
    held.release();
  });
  it.each([
    ['a step', { until: '1s', steps: [{ at: '200ms', do: { uart: { port: 'USART3', hex: '7f', baud: 9600 } } }] }],
    ['the host of a goal', { until: '1s', goal: 'usart3' }],
  ])('%s', (_what, scenario) => {
    expect(runBench(jobInput(plainJob(H563, [], { board: { boot0: 1 }, ...scenario }))).console['usart3']).toBe('y');
  });
});
