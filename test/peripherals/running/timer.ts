/** Timers and watchdogs: what is set up for the table of running blocks, and what happens then. */
import { MS, US } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

const watch = (p: Part, registers: readonly string[]): void => {
  for (const r of registers) if (p.has(r)) p.take(r);
};
/** So many things happen, or the time goes by; flags are looked at and cleared each time. */
function follow(p: Part, most: number, step: number, registers: readonly string[], clear: () => void): void {
  for (let n = 0; n < most; n++) {
    p.next(step);
    watch(p, registers);
    clear();
  }
}
const TIM = ['SR', 'CNT', 'CR1', 'CCR1', 'CCR2'] as const;
const tim: Pick<Course, 'prepare' | 'run'> = course(
  (p) => {
    p.put('PSC', 2);
    p.put('ARR', 19);
    p.put('RCR', 1);
    p.put('CCMR1', 0x6068);
    p.put('CCMR2', 0x3020);
    ['CCR1', 'CCR2', 'CCR3', 'CCR4'].forEach((r, i) => p.put(r, 4 + 5 * i));
    p.put('CCER', 0x1111);
    p.put('BDTR', 0x8000);
    p.put('DIER', 0xffff);
    p.put('EGR', 1);
    p.put('SR', 0);
  },
  (p) => {
    p.set('CR1.CEN', 1);
    follow(p, 9, 40 * US, TIM, () => p.put('SR', 0));
    p.put('EGR', 0xff);
    watch(p, TIM);
    p.put('SR', 0xfffffffe);
    p.put('ARR', 11);
    p.put('CCR1', 3);
    follow(p, 4, 40 * US, TIM, () => {});
    p.put('CNT', 5);
    follow(p, 2, 40 * US, TIM, () => p.put('SR', 0));
    p.set('CR1.CEN', 0);
    p.wait(20 * US);
    watch(p, TIM);
  },
);
const LPTIM = ['ISR', 'CNT', 'CR'] as const;
const IWDG = ['SR', 'RLR', 'WINR', 'PR'] as const;

export const TIMER: Readonly<Record<string, Course>> = {
  tim: {
    on: ['stm32l476rg TIM1', 'stm32f405rg TIM2', 'stm32f072rb TIM15', 'stm32h533re TIM3', 'stm32l476rg TIM6'],
    ...tim,
  },
  'tim, up and down': {
    on: ['stm32l476rg TIM8', 'stm32f103c8 TIM3'],
    ...course(
      (p) => {
        p.put('CR1', 0x60 | 0x80);
        tim.prepare(p);
      },
      (p) => tim.run(p),
    ),
  },
  'tim, a slave': {
    on: ['stm32l476rg TIM2', 'stm32f405rg TIM3'],
    turns: /\.(SMCR|CR1|CR2|CCMR1)$/,
    ...course(
      (p) => {
        tim.prepare(p);
        // ITR0 starts the counter
        p.put('SMCR', 6);
      },
      (p) => {
        const wires = Object.values((p.block.row.options as { readonly itr: Readonly<Record<number, string>> }).itr);
        for (let n = 0; n < 4; n++) {
          for (const name of wires) {
            p.drive(name, 1);
            p.wait(1 * US);
            p.drive(name, 0);
            follow(p, 2, 7 * US, TIM, () => p.put('SR', 0));
          }
          if (n === 1) p.set('CR1.CEN', 0);
        }
      },
    ),
  },
  lptim: {
    on: ['stm32l476rg LPTIM1', 'stm32h533re LPTIM2', 'stm32u575zi LPTIM1', 'stm32h743zi LPTIM2'],
    ...course(
      (p) => {
        p.put('IER', 0xffff);
        p.put('CFGR', 1 << 9);
        p.put('CR', 1);
        p.put('DIER', 0xffff);
        p.wait(1 * MS);
        p.put('ARR', 19);
        p.put('CMP', 7);
        p.put('CCR1', 7);
        p.put('CCMR1', 0x00020002);
        p.put('RCR', 1);
        p.wait(1 * MS);
        p.put('ICR', 0xffffffff);
      },
      (p) => {
        p.set('CR.CNTSTRT', 1);
        follow(p, 8, 400 * US, LPTIM, () => p.put('ICR', 0xffffffff));
        p.put('ARR', 9);
        p.set('CR.COUNTRST', 1);
        follow(p, 4, 400 * US, LPTIM, () => {});
        p.set('CR.SNGSTRT', 1);
        follow(p, 3, 400 * US, LPTIM, () => p.put('ICR', 0xffffffff));
        p.set('CR.ENABLE', 0);
        watch(p, LPTIM);
      },
    ),
  },
  iwdg: {
    on: ['stm32f405rg IWDG', 'stm32l476rg IWDG', 'stm32h533re IWDG'],
    ...course(
      (p) => {
        p.put('KR', 0xcccc);
        p.put('KR', 0x5555);
        p.put('PR', 1);
        p.put('RLR', 40);
        p.put('WINR', 30);
        p.put('EWCR', 0x8000 | 10);
      },
      (p) => {
        p.wait(2 * MS);
        watch(p, IWDG);
        p.put('KR', 0xaaaa);
        follow(p, 3, 3 * MS, IWDG, () => {});
        p.put('KR', 0xaaaa);
        p.wait(1 * MS);
        p.put('KR', 0xaaaa);
        follow(p, 4, 5 * MS, IWDG, () => {});
      },
    ),
  },
  wwdg: {
    on: ['stm32f405rg WWDG', 'stm32h533re WWDG', 'stm32l476rg WWDG'],
    ...course(
      (p) => {
        p.put('CFR', 0x0260);
        p.put('CR', 0xff);
      },
      (p) => {
        p.wait(2 * MS);
        watch(p, ['CR', 'SR']);
        p.wait(7 * MS);
        p.put('CR', 0x7f);
        follow(p, 3, 12 * MS, ['CR', 'SR'], () => p.put('SR', 0));
        p.put('CR', 0x7a);
        follow(p, 3, 30 * MS, ['CR', 'SR'], () => {});
      },
    ),
  },
};
