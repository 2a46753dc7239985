/**
 * Which clock at OSC_IN the files of a project count on: what its build defines, the `.ioc` file of CubeMX and CubeIDE, `stm32f4xx_hal_conf.h`. Of their text goes nothing further
 * but a frequency that a crystal can have.
 */
import type { Crystal } from '../documents/scenario-types.ts';

export interface ProjectClock extends Pick<Crystal, 'hz' | 'kind'> {
  /** `the .ioc file` */
  readonly file: string;
  /** A pin is drawn as OSC_IN. */
  readonly pin?: true;
  /** Nobody may have written it: the HAL's template has a value for every project. */
  readonly template?: true;
}
type Clock = Pick<ProjectClock, 'hz' | 'kind'>;

/** Of all parts: 1 MHz as a signal (RM0008), 50 MHz (RM0456). */
const [LEAST, MOST] = [1e6, 50e6];
/** `8000000`, `25000000U`, `((uint32_t)8000000UL)` */
const NUMBER = String.raw`[("'\\\s]*(?:\(\s*uint32_t\s*\)\s*)?\(?\s*(\d{7,8})[uUlL]*\b`;
const DEFINED = new RegExp(String.raw`-D\s*HSE_VALUE=${NUMBER}`, 'g');
const CONFIGURED = new RegExp(String.raw`^[ \t]*#[ \t]*define[ \t]+HSE_VALUE[ \t]+${NUMBER}`, 'gm');

/** `-DHSE_VALUE=8000000` in a Makefile, `compile_commands.json` or `platformio.ini`. */
export const clockInDefines = (text: string): Clock | null => onlyOne(text, DEFINED);
/** What the template of the HAL has where nothing is defined. */
export const clockInHalConf = (text: string): Clock | null => onlyOne(text.replace(/\/\*[^]*?\*\/|\/\/.*/g, ''), CONFIGURED);
/** CubeMX keeps the frequency also where nothing uses it: a pin has to be OSC_IN. */
export function clockInIoc(text: string): (Clock & { readonly pin: true }) | null {
  const clock = onlyOne(text, /^RCC\.HSE_VALUE=(\d{7,8})\s*$/gm);
  const mode = /^P[A-Z]\d+-?.*\.Mode=HSE-External-(Oscillator|Clock-Source)\s*$/m.exec(text)?.[1];
  return clock === null || mode === undefined ? null : { ...clock, pin: true, kind: mode === 'Clock-Source' ? 'bypass' : 'crystal' };
}

/** Null also where several are said: of two builds either may be meant. */
function onlyOne(text: string, pattern: RegExp): Clock | null {
  const [hz, ...others] = new Set([...text.matchAll(pattern)].map(([, digits]) => Number(digits)));
  return hz === undefined || others.length > 0 || hz < LEAST || hz > MOST ? null : { hz, kind: 'crystal' };
}
