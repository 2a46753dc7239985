/** The C of a fix in the style of the file that it goes into: calls of ST's HAL and LL where the file makes such calls, casts of C++ in C++. */

/** Blocks whose macros all families call alike. */
const KNOWN = /^(?:PWR|BKP|BKPSRAM|SYSCFG|RTCAPB|CRS|GPIO[A-K])$/;
/** The HAL of H7 calls this bit by another name. Its header of old names has that of the bit for H5 alone. */
const RENAMED: Readonly<Record<string, string>> = { 'APB4ENR.RTCAPB': 'RTC' };
const ENABLE = /\bRCC->(\w+ENR\d?) \|= RCC_\1_(\w+)EN;/g;
const RESET = /\bRCC->(\w+RSTR\d?) \|= RCC_\1_(\w+)RST;/g;
const RELEASE = /\bRCC->(\w+RSTR\d?) &= ~RCC_\1_(\w+)RST;/g;
const UNLOCK = /\bPWR->\w+ \|= PWR_\w+_DBP;/g;
const LINE = /(?<!HAL_)\bNVIC_(DisableIRQ|ClearPendingIRQ)\(/g;

type Knows = (name: string) => boolean;

/** The calls that a file makes decide, not what its headers offer. */
export function inStyle(lines: readonly string[], code: readonly string[], knows: Knows): readonly string[] {
  const text = lines.join('\n');
  const changed = /\b(?:__)?HAL_[A-Z]\w*\s*\(/.test(text) ? code.map((line) => inHal(line, knows)) : code;
  return changed.map((line) => inLowLayer(line, text, knows));
}

function inHal(line: string, knows: Knows): string {
  const call = (name: string): string | null => (knows(name) ? `${name}();` : null);
  const ofBlock = (ending: string) => (whole: string, register: string, block: string) =>
    (KNOWN.test(block) ? call(`__HAL_RCC_${RENAMED[`${register}.${block}`] ?? block}_${ending}`) : null) ?? whole;
  return line
    .replaceAll(ENABLE, ofBlock('CLK_ENABLE'))
    .replaceAll(RESET, ofBlock('FORCE_RESET'))
    .replaceAll(RELEASE, ofBlock('RELEASE_RESET'))
    .replaceAll(UNLOCK, (whole) => call('HAL_PWR_EnableBkUpAccess') ?? whole)
    .replaceAll(LINE, (whole, what: string) => (knows(`HAL_NVIC_${what}`) ? `HAL_NVIC_${what}(` : whole));
}

/** `APB1ENR`, `APB1ENR1`, `APB1LENR` and `APBENR1` are the first group of their bus. */
function groupOf(register: string): string | null {
  const [, bus, second] = /^(A[HP]B\d)L?ENR(\d?)$/.exec(register) ?? [];
  if (bus !== undefined) return `${bus}_GRP${second === '2' ? 2 : 1}`;
  const [, of] = /^APBENR([12])$/.exec(register) ?? [];
  return of === undefined ? null : `APB${of}_GRP1`;
}
function inLowLayer(line: string, text: string, knows: Knows): string {
  return line
    .replaceAll(ENABLE, (whole, register: string, block: string) => {
      const group = groupOf(register);
      const isUsed = group !== null && text.includes(`LL_${group}_EnableClock`) && knows(`LL_${group}_PERIPH_${block}`);
      return isUsed && KNOWN.test(block) ? `LL_${group}_EnableClock(LL_${group}_PERIPH_${block});` : whole;
    })
    .replaceAll(UNLOCK, (whole) =>
      /\bLL_PWR_\w+\s*\(/.test(text) && knows('LL_PWR_EnableBkUpAccess') ? 'LL_PWR_EnableBkUpAccess();' : whole,
    );
}

const WORD = '((?:volatile )?(?:uint(?:8|16|32)_t|unsigned (?:int|short|char)|void) \\*)';
const AT = '(0x[0-9a-fA-F]+u?(?:L{0,2}))';
/** Also where the compiler is told to warn of casts in the style of C. */
export const inCpp = (line: string): string =>
  line
    .replaceAll(new RegExp(`\\(\\(${WORD}\\)${AT}\\)`, 'g'), 'reinterpret_cast<$1>($2)')
    .replaceAll(new RegExp(`\\(${WORD}\\)${AT}`, 'g'), 'reinterpret_cast<$1>($2)')
    .replaceAll(/\(void \*\)&(dfu_request\w*)/g, 'const_cast<uint32_t *>(&$1)')
    .replaceAll(/\(IRQn_Type\)(\d+)/g, 'static_cast<IRQn_Type>($1)');
