/** Rules of the clock tree that hold in every family: prescalers, timer clocks, which reset raises which flags. */
import type { ResetCause } from '../../emu/component.ts';
import type { RegisterContext } from '../../emu/registers.ts';
import { rateHz, scaleRate, type Rate } from '../../emu/time.ts';

const HPRE_SHIFT = [1, 2, 3, 4, 6, 7, 8, 9];
export const hpreDivider = (v: number): number => (v & 8 ? 1 << HPRE_SHIFT[v & 7]! : 1);
export const ppreDivider = (v: number): number => (v & 4 ? 2 << (v & 3) : 1);
/** Timers run from twice the APB clock when the APB is divided, with TIMPRE from four times, but never faster than HCLK. */
export const timerClock = (hclk: Rate, ppre: number, timpre = 0): Rate => {
  const divider = ppreDivider(ppre);
  const factor = timpre ? 4 : 2;
  return divider <= factor ? hclk : scaleRate(hclk, factor, divider);
};

/** Time that a number of clocks takes, rounded up. */
export const clocksPs = (n: number, hz: number): number => Math.ceil((n * 1e12) / hz);

/** Every internal reset drives NRST low, so the pin's flag rises with all of them (RM0091 6.1). */
export function resetFlagNames(cause: ResetCause, power: string): readonly string[] {
  switch (cause) {
    case 'power':
    case 'brownout':
      return ['PINRSTF', power];
    case 'software':
    case 'debugger':
    case 'core':
      return ['PINRSTF', 'SFTRSTF'];
    case 'iwdg':
      return ['PINRSTF', 'IWDGRSTF'];
    case 'wwdg':
      return ['PINRSTF', 'WWDGRSTF'];
    case 'low-power':
      return ['PINRSTF', 'LPWRRSTF'];
    case 'option-bytes':
      return ['PINRSTF', 'OBLRSTF'];
    case 'pin':
      return ['PINRSTF'];
  }
}

/** For a text: to the kilohertz, for a PLL with a fraction may be a little above its limit. */
const megahertz = (rate: Rate): number => Math.round(rateHz(rate) / 1e3) / 1e3;
/** ASSUMED: a PLL whose VCO, input or output is outside its range locks all the same; the timeline says so. A range from 0 on depends on the voltage. */
export function checkPllRate(
  { env }: RegisterContext<object>,
  name: string,
  source: string | null,
  rate: Rate | null,
  range: PllRange,
  what: 'VCO' | 'input' | 'output' = 'VCO',
): void {
  const [low, high] = range;
  if (!rate || (rateHz(rate) >= low && rateHz(rate) <= high)) return;
  const allowed = low === 0 ? `up to ${high / 1e6} MHz in this voltage range` : `${low / 1e6} to ${high / 1e6} MHz`;
  const about = { is: 'impossible-clock', source: source ?? '', rate: rateHz(rate), range } as const;
  env.note('guest', `${name}: ${what} at ${megahertz(rate)} MHz, allowed ${allowed}`, about);
}
export type PllRange = readonly [low: number, high: number];
