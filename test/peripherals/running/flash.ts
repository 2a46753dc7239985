/** RTC and flash: what is set up for the table of running blocks, and what happens then. */
import { RESET_CAUSES } from '../../../src/emu/component.ts';
import { MS } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

/** Opens everything that a flash has keys for. */
function unlock(p: Part): void {
  const keys = [
    ['KEYR', 0x45670123, 0xcdef89ab],
    ['NSKEYR', 0x45670123, 0xcdef89ab],
    ['KEYR1', 0x45670123, 0xcdef89ab],
    ['KEYR2', 0x45670123, 0xcdef89ab],
    ['OPTKEYR', 0x08192a3b, 0x4c5d6e7f],
    ['OPTKEYR', 0x45670123, 0xcdef89ab],
    ['PEKEYR', 0x89abcdef, 0x02030405],
    ['OPTKEYR', 0xfbead9c8, 0x24252627],
  ] as const;
  for (const [r, ...two] of keys) if (p.has(r)) for (const key of two) p.put(r, key);
}
const STARTS = ['CR.OPTSTRT', 'NSCR.OPTSTRT', 'OPTCR.OPTSTRT', 'OPTCR.OPTSTART'] as const;
const LAUNCHES = ['CR.OBL_LAUNCH', 'NSCR.OBL_LAUNCH', 'PECR.OBL_LAUNCH'] as const;
/** Option bytes as they are set go into effect with a reset; then a page goes and two double words come. */
function programs(p: Part): void {
  for (const field of STARTS) p.set(field, 1);
  p.wait(3000 * MS);
  for (const field of LAUNCHES) p.set(field, 1);
  p.drive('reset.cause', RESET_CAUSES.indexOf('option-bytes'));
  p.sys.resetBlocks('system');
  p.wait(1 * MS);
  p.say('reset');
}
const page = (p: Part): void => {
  for (const field of ['CR.PER', 'NSCR.PER', 'NSCR.SER', 'CR.SER', 'CR1.SER1']) p.set(field, 1);
  for (const field of ['CR.STRT', 'NSCR.STRT', 'CR.START', 'CR1.START1']) p.set(field, 1);
  p.wait(3000 * MS);
  for (const field of ['CR.PER', 'NSCR.PER', 'NSCR.SER', 'CR.SER', 'CR1.SER1']) p.set(field, 0);
  for (const field of ['CR.PG', 'NSCR.PG', 'CR1.PG1']) p.set(field, 1);
  for (let at = 0; at < 32; at += 4) {
    p.say(`${p.sys.write(0x0800_1000 + at, 4, 0x1234_5678 + at)}`);
    if (at % 8 === 4) p.wait(1 * MS);
  }
  p.say(`${p.sys.read(0x0800_1008, 4)}`);
  for (const r of ['SR', 'NSSR', 'SR1']) p.take(r);
};

export const FLASH_AND_RTC: Readonly<Record<string, Course>> = {
  'rtc-v3': {
    on: ['stm32l476rg RTC', 'stm32h533re RTC', 'stm32f405rg RTC', 'stm32l152re RTC'],
    ...course(
      (p) => {
        const status = p.has('ICSR') ? 'ICSR' : 'ISR';
        for (const key of [0xca, 0x53]) p.put('WPR', key);
        p.set(`${status}.INIT`, 1);
        p.wait(1 * MS);
        p.put('PRER', (7 << 16) | 15);
        p.put('TR', 0x235958);
        p.put('DR', 0x248228);
        p.set(`${status}.INIT`, 0);
        p.put('ALRMAR', 0x29000000);
        p.put('ALRMBR', 0x80000001);
        for (const r of ['ALRMASSR', 'ALRMBSSR']) p.put(r, 0x03000005);
        p.set('CR.WUTE', 0);
        p.wait(1 * MS);
        p.put('WUTR', 3);
        for (const field of ['ALRAIE', 'ALRBIE', 'WUTIE', 'TSIE', 'TSE', 'WUTE', 'ALRAE', 'ALRBE']) p.set(`CR.${field}`, 1);
      },
      (p) => {
        for (let n = 0; n < 7; n++) {
          p.next(700 * MS);
          for (const r of ['SSR', 'TR', 'DR', p.has('ICSR') ? 'ICSR' : 'ISR', 'SR', 'MISR']) if (p.has(r)) p.take(r);
          p.put('SCR', 0x3f);
          if (!p.has('ICSR')) p.put('ISR', 0);
          if (n === 3) p.drive('in.PC13', 1);
          if (n === 4) p.drive('in.PC13', 0);
        }
        p.set('CR.SUB1H', 1);
        p.wait(2500 * MS);
        for (const r of ['TSTR', 'TSDR', 'TSSSR', 'TR']) p.take(r);
      },
    ),
  },
  ...Object.fromEntries(
    (
      [
        ['flash-l4', ['stm32l476rg', 'stm32g0b1re', 'stm32wb55rg', 'stm32g474re']],
        ['flash-h5', ['stm32h533re']],
        ['flash-h7', ['stm32h743zi']],
        ['flash-u5', ['stm32u575zi']],
        ['flash-f4', ['stm32f405rg', 'stm32f429zi', 'stm32f767zi']],
        ['flash-f0', ['stm32f072rb', 'stm32f103c8']],
        ['flash-l0', ['stm32l073rz', 'stm32l152re']],
      ] as const
    ).flatMap(([model, chips]) => {
      const on = chips.map((chip) => `${chip} FLASH`);
      const memories = ['flash', 'info', 'info2', 'options', 'options2', 'otp', 'rom', 'eeprom', 'system'];
      return [
        [`${model}, options`, { on, memories, ...course(unlock, programs) }],
        [`${model}, a page`, { on, memories, ...course(unlock, page) }],
      ] as const;
    }),
  ),
};
