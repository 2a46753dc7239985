/** A setting in flash with its copy in RAM: where the flash has refused the request, the copy that every start loads is nothing that was lost. */
import { describe, expect, it } from 'vitest';
import { runBench } from '../../src/bench/run.ts';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [KEYR, CR] = [0x4002_2008, 0x4002_2014] as const;
const [SETTING, COPY] = [0x080f_f800, 0x2000_2000] as const;
const [AIRCR, SYSRESETREQ] = [0xe000_ed0c, 0x05fa_0004] as const;
const MAGIC = 0xb007_10ad;

const set = (t: Thumb, address: number, value: number): Thumb => t.constant(3, address).constant(0, value).str(0, 3);
/** R0 to the double word of the setting (RM0351 3.3.7), which takes some 90 µs. */
function save(t: Thumb, value: number, done: string): Thumb {
  set(t, SETTING, value).str(0, 3, 4).constant(3, 2000);
  // SUBS R3, #1
  return t.label(done).put(0x3b01).bne(done);
}
/** Loads its setting, and enters the ROM if that asks for it. The first start stores another one, then the request, and resets the chip. */
function run(savesDefault: boolean, savesRequest: boolean, more: Partial<RunJob> = {}, scenario: Scenario = {}): RunResult {
  const t = new Thumb(MAIN).constant(1, SETTING).ldr(2, 1).constant(1, COPY).str(2, 1).ldr(2, 1);
  t.constant(0, MAGIC).cmpRegister(2, 0).bne('others');
  t.constant(3, 0x1fff_0000).ldr(0, 3).put(0xf380, 0x8808).ldr(0, 3, 4).bx(0);
  t.label('others')
    .constant(3, COPY + 8)
    .ldr(0, 3)
    .cmp(0, 1)
    .beq('stay')
    .movs(0, 1)
    .str(0, 3);
  // the keys, then PG
  set(set(set(t, KEYR, 0x4567_0123), KEYR, 0xcdef_89ab), CR, 1);
  if (savesDefault) save(t, 7, 'default');
  set(t, COPY, MAGIC);
  if (savesRequest) save(t, MAGIC, 'request');
  set(t, AIRCR, SYSRESETREQ).label('stay').b('stay');
  return runBench(jobInput({ ...plainJob('stm32l476rg', bareImage(t), scenario), ...more }));
}
const verdictOf = ({ checks }: RunResult): string | undefined => checks.find(({ id }) => id === 'magic-survives')?.verdict;

describe('a request in a setting of the flash', () => {
  it('is found where the flash took it', () => expect(run(false, true).outcome).toBe('dfu'));
  it('that the flash refused is no word of RAM that was overwritten: the refusal is told', () => {
    const result = run(true, true);
    expect(verdictOf(result)).not.toBe('fail');
    expect(shortReport(result)).toMatch(/^Lost {3}FLASH: flash double word at offset 0xff800 programmed without an erase:\s+PROGERR/m);
  });
  it('that the program never stored there was overwritten in RAM', () =>
    // no more is asked than what the checks say
    expect(verdictOf(run(false, false, { onlyExpected: true }, { expect: { outcome: 'stuck' } }))).toBe('fail'));
});
