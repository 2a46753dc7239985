/** Whether a read of a serial port's status whose mask nobody knows is a sender's: nothing around it reads what the port has received. */
import { holds, isHandler, isIn, type FunctionFacts } from '../input/code-scan.ts';
import type { Session } from '../session/session.ts';

/** Effort, and what is near: who gives the mask as an argument may have been given it, too. */
const CALLERS = 2;

/** `read`: of the port's status. Without functions, or where one of an interrupt has to do with it, it is none. */
export function onlySends(
  { machine }: Session,
  read: { readonly block: string; readonly pc: number },
  functions: readonly FunctionFacts[],
): boolean {
  const { system } = machine;
  const data = system.layoutOf(read.block)?.registers.find(({ name }) => name === 'RDR' || name === 'DR');
  const reader = functions.find((f) => isIn(f, read.pc));
  if (data === undefined || reader === undefined) return false;
  const address = system.block(read.block).row.base + data.offset;
  const near = new Set([reader]);
  for (let i = 0; i < CALLERS; i++) {
    const known = [...near];
    for (const f of functions) if (known.some((g) => calls(f, g))) near.add(f);
  }
  if (near.size === 1) return false;
  const callers = functions.filter((f) => calls(f, reader));
  for (const f of functions) if (callers.some((g) => calls(g, f))) near.add(f);
  return (
    ![...near].some((f) => isHandler(f) || f.loadsAt.has(data.offset)) &&
    !functions.some((f) => holds(f, address) || f.words.includes(address) || [...f.loads.values()].some((all) => all.includes(address)))
  );
}
const calls = (f: FunctionFacts, g: FunctionFacts): boolean => f !== g && f.calls.some(({ target }) => target === g.symbol.address);
