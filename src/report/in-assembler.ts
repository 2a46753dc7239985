/** Fixes for files of assembler: the few that are the same instructions there. What would change a register that the code around it may use has none. */

const TABLE = /^uint32_t sp = \*\(volatile uint32_t \*\)(0x[0-9a-f]+)u;/;
const RESET = /^uint32_t pc = \*\(volatile uint32_t \*\)0x[0-9a-f]+u;/;
const JUMP = /^__asm volatile\("msr msp, %0\\n\\tbx %1"/;
const CALLS: Readonly<Record<string, string>> = {
  '__enable_irq();': 'cpsie i',
  '__disable_irq();': 'cpsid i',
  '__enable_fault_irq();': 'cpsie f',
};

/** Lines of C as instructions in unified syntax; null where one of them has no such form. */
export function inAssembler(code: readonly string[]): readonly string[] | null {
  const lines: string[] = [];
  let read = '';
  for (const text of code) {
    const call = CALLS[/^\w+\(\);/.exec(text)?.[0] ?? ''];
    const table = TABLE.exec(text)?.[1];
    if (call !== undefined) lines.push(call);
    else if (table !== undefined) {
      lines.push(`ldr r0, =${table}`, 'ldr r1, [r0]');
      read = 'sp';
    } else if (RESET.test(text) && read === 'sp') {
      lines.push('ldr r2, [r0, #4]');
      read = 'pc';
    } else if (JUMP.test(text) && read === 'pc') lines.push('msr msp, r1', 'bx r2');
    else return null;
  }
  return lines.length === 0 ? null : lines;
}
