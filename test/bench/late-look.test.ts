/** A button counts when the firmware looks: it is held from the start to a single look behind a long set-up, or pressed once the firmware listens. */
import { expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [AHB2ENR, MODER, PUPDR, IDR] = [0x4002_104c, 0x4800_0800, 0x4800_080c, 0x4800_0810];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
/** L476, 4 MHz: PC13 with its pull-up. */
const setUp = (): Thumb => store(store(store(new Thumb(MAIN), AHB2ENR, 4), MODER, 0xf3ff_ffff), PUPDR, 1 << 26);
const wait = (t: Thumb, name: string, ms = 600): Thumb =>
  t
    .constant(3, 1333 * ms)
    .label(name)
    .put(0x3b01)
    .bne(name);
const look = (t: Thumb): Thumb => t.constant(0, IDR).ldr(1, 0).lsls(1, 1, 18);
const jump = (t: Thumb): Thumb => t.label('jump').constant(0, 0x1fff_0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
const triggered = (t: Thumb) => {
  const { outcome, scenario, notes } = firstRun({ ...plainJob('stm32l476rg', bareImage(t)), findJump: true, trigger: true }, {});
  return { outcome, steps: scenario.steps, text: notes.find(({ kind }) => kind === 'trigger')?.text };
};

/** Over the next instruction where the pin is up, or where it is down. */
const [ifUp, ifDown] = [0xd400, 0xd500];

it('a single look behind 600 ms: held from power-on', () => {
  const t = look(wait(setUp(), 'delay')).put(ifUp).b('jump').label('rest').b('rest');
  const { outcome, text } = triggered(jump(t));
  expect([outcome, text]).toEqual(['dfu', expect.stringMatching(/^triggered at power-on by bootbench: PC13 = 0 for 0\.\d s at the start/)]);
});
it('looks that begin late: pressed when that was tried, and not before', () => {
  const t = look(wait(wait(setUp(), 'delay').label('again'), 'pause', 20))
    .put(ifDown)
    .b('again');
  const { outcome, steps, text } = triggered(jump(t));
  expect([outcome, steps]).toEqual([
    'dfu',
    [{ at: expect.stringMatching(/^\d\d00ms$/), do: { pin: { name: 'PC13', level: 0 } } }, expect.anything()],
  ]);
  expect(text).toMatch(/^triggered at \d\d00 ms by bootbench: PC13 = 0/);
});
