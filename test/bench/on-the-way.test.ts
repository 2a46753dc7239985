/** What keeps the ROM away on the way to it: writes without effect, found by giving them their effect, and waits that were given up, found by ending them in time. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

type Part = (t: Thumb) => Thumb;

/** Stores words, and says where the store of one is. */
class Program {
  private readonly main = new Thumb(MAIN);
  /** Addresses of the stores that are marked. */
  readonly marked: number[] = [];

  store(address: number, value: number, mark = false): this {
    const t = this.main.constant(0, address).constant(1, value);
    if (mark) this.marked.push(MAIN + 2 * t.length);
    t.str(1, 0);
    return this;
  }
  then(part: Part): this {
    part(this.main);
    return this;
  }
  image() {
    return bareImage(this.main.label('end').b('end'));
  }
  run(chip: string) {
    const image = this.image();
    const { outcome, diagnosis, notes } = runBench(jobInput(plainJob(chip, image)));
    const named = diagnosis.causes.filter((c) => c.proved).map((c) => [c.what ?? c.id, c.repair, Number(c.lastWriter?.pc)]);
    return { outcome, named, fix: diagnosis.causes[0]?.fix, sets: diagnosis.sets, notes: notes.map(({ text }) => text) };
  }
}
const jumpBy =
  (table: number): Part =>
  (t) =>
    t.constant(0, table).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
/** Jumps to the ROM where a word has this value, and goes on where not. */
const jumpIf =
  (address: number, value: number, table: number): Part =>
  (t) =>
    jumpBy(table)(t.constant(0, address).ldr(1, 0).constant(2, value).cmpRegister(1, 2).bne('other')).label('other');
const reset: Part = (t) => t.constant(0, 0xe000ed0c).constant(1, 0x05fa0004).str(1, 0).label('wait').b('wait');

const [FLASH_KEYR, FLASH_SR, FLASH_CR, FLASH_OPTR] = [0x40022008, 0x40022010, 0x40022014, 0x40022020];
/** G474: nSWBOOT0 = 0 and nBOOT0 = 0 choose system memory once they are loaded. */
const launch = (program: Program, mark: boolean): Program =>
  program
    .store(FLASH_OPTR, 0xf3eff8aa, mark)
    .store(FLASH_CR, 1 << 17)
    .then((t) => t.constant(0, FLASH_SR).label('busy').ldr(1, 0).lsrs(1, 1, 16).lsls(1, 1, 31).bne('busy'))
    .store(FLASH_CR, 1 << 27);
const unlock = (program: Program, register: number, keys: readonly number[], mark = false): Program => {
  keys.forEach((key, i) => program.store(register, key, mark && i === 1));
  return program;
};

describe('a write without effect is the cause if DFU comes once it has its effect', () => {
  it('option bytes behind a closed OPTLOCK, with the keys in C', () => {
    const program = launch(unlock(new Program(), FLASH_KEYR, [0x45670123, 0xcdef89ab]), true);
    const { named, fix } = program.run('STM32G474RE');
    expect(named).toEqual([['FLASH.OPTR', 'FLASH.CR.OPTLOCK = 0 by the keys', program.marked[0]]]);
    expect(fix).toContain('FLASH->OPTKEYR = 0x08192A3Bu;\nFLASH->OPTKEYR = 0x4C5D6E7Fu;');
  });

  it('a PLL that is switched off while SYSCLK comes from it', () => {
    const [CR, PLLCFGR, CFGR, ACR] = [0x40023800, 0x40023804, 0x40023808, 0x40023c00];
    /** Until these bits of a register are there, or gone. */
    const until =
      (address: number, right: number, there: boolean): Part =>
      (t) => {
        const loop = `wait-${t.length}`;
        t.constant(0, address).constant(2, right).label(loop).ldr(1, 0).ands(1, 2);
        return there ? t.cmpRegister(1, 2).bne(loop) : t.cmp(1, 0).bne(loop);
      };
    const program = new Program()
      .store(ACR, 3)
      .store(PLLCFGR, 0x04000008 | (100 << 6))
      .store(CR, 0x01000083)
      .then(until(CR, 1 << 25, true))
      .store(CFGR, 2)
      .then(until(CFGR, 8, true))
      .store(CR, 0x83, true)
      .then(until(CR, 1 << 25, false))
      .then(jumpBy(0x1fff0000));
    const { outcome, named, fix } = program.run('STM32F411CE');
    expect([outcome, named]).toEqual(['stuck', [['RCC.CR', 'SYSCLK switched to HSI (RCC.CFGR.SW = 0)', program.marked[0]]]]);
    expect(fix).toContain('RCC->CFGR &= ~RCC_CFGR_SW;\nwhile (RCC->CFGR & RCC_CFGR_SWS) {}');
  });

  it('a request in a backup register, where DBP is 0', () => {
    const program = new Program()
      .store(0x40023840, 1 << 28)
      .then(jumpIf(0x40002850, 0xb007, 0x1fff0000))
      .store(0x40002850, 0xb007, true)
      .then(reset);
    const { outcome, named } = program.run('STM32F446RE');
    expect(outcome).toBe('reset-loop');
    expect(named.map(([, , pc]) => pc)).toEqual([program.marked[0], program.marked[0]].slice(0, named.length));
  });

  it('a register whose block has no clock', () => {
    // SYSCFG_MEMRMP maps the ROM to 0, where the jump takes its vectors from
    const program = new Program().store(0x40010000, 1, true).then(jumpBy(0));
    const { named, fix } = program.run('STM32L476RG');
    expect(named).toEqual([['SYSCFG.MEMRMP', 'RCC.APB2ENR.SYSCFGEN = 1', program.marked[0]]]);
    expect(fix).toContain('RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;');
  });

  it('a register whose block is held in reset', () => {
    const program = new Program().store(0x40021060, 1).store(0x40021040, 1).store(0x40010000, 1, true).then(jumpBy(0));
    const { named } = program.run('STM32L476RG');
    expect(named).toEqual([['SYSCFG.MEMRMP', 'RCC.APB2RSTR.SYSCFGRST = 0', program.marked[0]]]);
  });

  it('both of two that are needed', () => {
    const { named, sets } = launch(new Program(), false).run('STM32G474RE');
    expect(named.map(([what]) => what)).toEqual(expect.arrayContaining(['FLASH.OPTR', 'FLASH.CR']));
    expect(sets).toHaveLength(1);
  });

  it('with what it hid, in the order in which both have to be mended', () => {
    const program = new Program()
      .store(0x40010000, 1, true)
      .then((t) => t.cpsidI())
      .then(jumpBy(0));
    const { named, sets } = program.run('STM32L476RG');
    expect(named.map(([what]) => what)).toEqual(['SYSCFG.MEMRMP', 'primask']);
    expect(sets).toEqual([['lost-write', 'primask']]);
  });

  it('and no cause if it does not matter', () => {
    const { outcome, named } = new Program()
      .store(0x40010000, 1)
      .then((t) => t.cpsidI())
      .then(jumpBy(0x1fff0000))
      .run('STM32L476RG');
    expect(outcome).toBe('rom-silent');
    expect(named.map(([what]) => what)).toEqual(['primask']);
  });
});

describe('option bytes that choose the ROM', () => {
  const open = (): Program => unlock(unlock(new Program(), FLASH_KEYR, [0x45670123, 0xcdef89ab]), 0x4002200c, [0x08192a3b, 0x4c5d6e7f]);
  /** Programmed, then what else is stored to FLASH_CR, then a reset, which is marked. */
  const byReset = (program: Program, more: readonly number[] = []): Program => {
    program.store(FLASH_OPTR, 0xf3eff8aa).store(FLASH_CR, 1 << 17);
    program.then((t) => t.constant(0, FLASH_SR).label('busy').ldr(1, 0).lsrs(1, 1, 16).lsls(1, 1, 31).bne('busy'));
    for (const value of more) program.store(FLASH_CR, value);
    return program.store(0xe000ed0c, 0x05fa0004, true).then((t) => t.label('wait').b('wait'));
  };
  it('are the cause where a software reset is to load them, at that reset', () => {
    const program = byReset(open());
    const { outcome, named, fix } = program.run('STM32G474RE');
    expect(outcome).toBe('reset-loop');
    expect(named).toEqual([['option-bytes', 'FLASH_CR.OBL_LAUNCH = 1 in place of the reset by software', program.marked[0]]]);
    expect(fix).toMatch(/^FLASH->CR \|= FLASH_CR_OBL_LAUNCH; {3}\/\* with FLASH still unlocked/);
  });
  it('and no patch where the flash is locked again before that reset', () => {
    const [LOCK, OPTLOCK] = [2 ** 31, 2 ** 30];
    const program = byReset(open(), [LOCK + OPTLOCK]);
    const { named, fix } = program.run('STM32G474RE');
    expect(named.map(([id, , pc]) => [id, pc])).toEqual([['option-bytes', program.marked[0]]]);
    expect(fix).toMatch(/^\/\* in place of NVIC_SystemReset\(\), and before FLASH is locked: .* \*\/$/);
  });
  it('and where a bit has the opposite sense, at its write', () => {
    // nBOOT0 stays 1: with nSWBOOT0 = 0 the chip starts the flash
    const { named, fix } = open()
      .store(FLASH_OPTR, 0xfbeff8aa, true)
      .store(FLASH_CR, 1 << 17)
      .then((t) => t.constant(0, FLASH_SR).label('busy').ldr(1, 0).lsrs(1, 1, 16).lsls(1, 1, 31).bne('busy'))
      .store(FLASH_CR, 1 << 27)
      .run('STM32G474RE');
    expect(named.map(([id, repair]) => [id, repair])).toEqual([['boot-selection', 'FLASH_OPTR.nBOOT0 = 0x0']]);
    expect(fix).toContain('FLASH->OPTR &= ~FLASH_OPTR_nBOOT0;');
  });
});

describe('option bytes that nothing programs are lost at the next reset, and the cause is their write', () => {
  const keys = [0x45670123, 0xcdef89ab];
  const optionKeys = [0x08192a3b, 0x4c5d6e7f];
  const open = (base: number, option: number): Program =>
    unlock(unlock(new Program(), base + (option === 0xc ? 8 : 4), keys), base + option, optionKeys);
  const lost = (program: Program, chip: string) => {
    const { named, fix, sets } = program.run(chip);
    expect(sets).toContainEqual(['lost-write']);
    expect(named[0]).toEqual([expect.any(String), expect.any(String), program.marked[0]]);
    return { what: named[0]![0], repair: named[0]![1], fix };
  };

  it('G4: loaded without OPTSTRT', () => {
    const program = open(0x40022000, 0xc).store(FLASH_OPTR, 0xf3eff8aa, true);
    expect(lost(program.store(FLASH_CR, 1 << 27), 'STM32G474RE')).toEqual({
      what: 'FLASH.OPTR',
      repair: 'FLASH_CR.OPTSTRT = 1',
      fix: expect.stringMatching(/FLASH->CR \|= FLASH_CR_OPTSTRT;\nwhile \(FLASH->SR & FLASH_SR_BSY\) \{\}$/) as string,
    });
  });
  it('G4: neither programmed nor loaded: a reset by software in place of both', () => {
    const program = open(0x40022000, 0xc).store(FLASH_OPTR, 0xf3eff8aa, true).then(reset);
    const { repair, fix } = lost(program, 'STM32G474RE');
    expect(repair).toBe('FLASH_CR.OPTSTRT = 1');
    expect(fix).toContain('then FLASH->CR |= FLASH_CR_OBL_LAUNCH loads them and resets the chip');
  });
  it('U5: nSWBOOT0 = 0 and nBOOT0 = 0, loaded without OPTSTRT', () => {
    const flash = 0x40022000;
    const program = unlock(unlock(new Program(), flash + 8, keys), flash + 0x10, optionKeys)
      .store(flash + 0x40, 0x13eff8aa, true)
      .store(flash + 0x28, 1 << 27);
    expect(lost(program, 'STM32U575ZI').fix).toContain('FLASH->NSCR |= FLASH_NSCR_OPTSTRT;\nwhile (FLASH->NSSR & FLASH_NSSR_BSY) {}');
  });
  it('F7: a boot address of system memory, and a reset', () => {
    const program = open(0x40023c00, 8).store(0x40023c18, 0x00400040, true).then(reset);
    expect(lost(program, 'STM32F746ZG').fix).toContain('FLASH->OPTCR |= FLASH_OPTCR_OPTSTRT;\nwhile (FLASH->SR & FLASH_SR_BSY) {}');
  });
  it('H7: a boot address of system memory, and a reset', () => {
    const program = open(0x52002000, 8).store(0x52002044, 0x1ff01ff0, true).then(reset);
    expect(lost(program, 'STM32H743ZI').fix).toContain(
      'FLASH->OPTCR |= FLASH_OPTCR_OPTSTART;\nwhile (FLASH->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY) {}',
    );
  });
  it('H7: a reset while they are being programmed', () => {
    const program = open(0x52002000, 8).store(0x52002044, 0x1ff01ff0, true).store(0x52002018, 2).then(reset);
    const { repair, fix } = lost(program, 'STM32H743ZI');
    expect(repair).toBe('FLASH_OPTCR.OPTSTART is done before the reset');
    expect(fix).toMatch(/\*\/\nwhile \(FLASH->OPTSR_CUR & FLASH_OPTSR_OPT_BUSY\) \{\}$/);
  });
  it('and no check says that the firmware programmed them', () => {
    const program = open(0x40022000, 0xc)
      .store(FLASH_OPTR, 0xf3eff8aa, true)
      .store(FLASH_CR, 1 << 27);
    const image = program.image();
    const { checks } = runBench(jobInput(plainJob('STM32G474RE', image)));
    const { because } = checks.find(({ id }) => id === 'boot-selection')!;
    expect(because).toBe(
      'the option bits that the firmware wrote were never programmed: FLASH_CR.OPTSTRT was not set before the reset, and the chip still starts user code by the old ones',
    );
  });
});

describe('wrong keys are the cause at the store of the wrong one', () => {
  it('where the option bytes stay locked for want of them', () => {
    const program = unlock(new Program(), FLASH_KEYR, [0x45670123, 0xcdef89ab]);
    launch(unlock(program, 0x4002200c, [0x08192a3b, 0x4c5d6e70], true), false);
    const { named } = program.run('STM32G474RE');
    expect(named).toEqual([['FLASH.OPTKEYR', 'FLASH.CR.OPTLOCK = 0 by the keys', program.marked[0]]]);
  });
});

describe('a bounded wait is the cause if DFU comes once its bit is there in time', () => {
  const RCC_CR = 0x40023800;
  const hseOn = (rounds: number): Program =>
    new Program()
      .store(RCC_CR, 0x10083)
      .then((t) =>
        t.constant(2, rounds).constant(0, RCC_CR).label('poll').ldr(1, 0).lsls(1, 1, 14).put(0xd402).put(0x3a01).bne('poll').b('end'),
      )
      .then(jumpBy(0x1fff0000));
  it('a time-out that is shorter than the start of the crystal', () => {
    const { outcome, named, fix } = hseOn(0x500).run('STM32F407VG');
    expect(outcome).not.toBe('dfu');
    expect(named).toEqual([['RCC.CR.HSERDY', 'RCC.CR.HSERDY = 1 in time', FLASH + 0x20a]]);
    expect(fix).toMatch(/wait here for at least 2(\.\d)? ms/);
  });
  describe('of a domain whose core has no program', () => {
    const reason = 'D2CKRDY falls when CM4 enters Stop, and CM4 runs no program: the flash at its boot address 0x08100000 is erased';
    const remedy = 'Give the ELF of CM4 as a second image, or leave this wait out.';
    it('names that core, and what it would start with', () => {
      const image = new Program()
        .then((t) =>
          t.constant(2, 0x500).constant(0, 0x58024400).label('poll').ldr(1, 0).lsls(1, 1, 16).put(0xd502).put(0x3a01).bne('poll').b('end'),
        )
        .then(jumpBy(0x1ff09800))
        .image();
      const { diagnosis } = runBench(jobInput(plainJob('STM32H745ZI', image)));
      expect(diagnosis.causes[0]).toMatchObject({ id: 'gave-up', proved: true, what: 'RCC.CR.D2CKRDY' });
      expect(diagnosis.causes[0]!.explanation).toContain(`${reason}. ${remedy}`);
    });
    it('so does a wait without a bound', () => {
      const endless: Part = (t) => t.constant(0, 0x58024400).label('poll').ldr(1, 0).lsls(1, 1, 16).put(0xd4fc);
      const { outcome, notes } = new Program().then(endless).then(jumpBy(0x1ff09800)).run('STM32H745ZI');
      expect(outcome).toBe('stuck');
      expect(notes).toContain(`the loop waits for RCC.CR.D2CKRDY = 0: ${reason}. ${remedy}`);
    });
  });
  it('and not one that is long enough', () => {
    expect(hseOn(0x5000).run('STM32F407VG')).toMatchObject({ outcome: 'dfu', named: [] });
  });
});

it('a lost write that matters to nothing is told with its place', () => {
  const image = new Program().store(0x40010000, 1, true).then(jumpBy(0x1fff0000));
  expect(image.run('STM32L476RG').notes).toContain('write of SYSCFG while its clock is off (0x08000204)');
});
