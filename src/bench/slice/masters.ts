/** What another bus master than the cores wrote, and which instructions told it to. */
import type { Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';

/** A transfer of a bus master, by the register that holds the address it writes to. */
export interface Master {
  readonly block: string;
  /** `S0M0AR`; null where none of its registers has such an address. */
  readonly register: string | null;
  readonly start: number | null;
  /** The register that makes the transfer run, and the instruction that wrote it last; null where that is not known. */
  readonly control: { readonly register: string; readonly pc: number } | null;
}
export interface MasterWrite {
  /** Of the instruction that gave it the address. */
  readonly pc: number;
  readonly lr: number;
  readonly core: number;
  readonly at: Ps;
  readonly address: number;
  readonly size: number;
  readonly value: number;
  readonly master: Master;
}

/** A write of a DMA controller: which of its address registers it belongs to, and who set that. */
export function byMaster({ machine }: Session, block: string, address: number, size: number, value: number): MasterWrite {
  const b = machine.system.block(block);
  const { regs } = b.state;
  const near = b.layout.registers
    .filter((r) => ADDRESS_REGISTER.test(r.name))
    .map((r) => ({ register: r.name, start: regs[r.index]! >>> 0 }))
    .filter(({ start }) => start <= address && address - start < LONGEST_TRANSFER)
    .toSorted((x, y) => y.start - x.start)[0];
  const set = near ? machine.history.lastWriter(`${block}.${near.register}`) : null;
  const control = near ? controlled(machine.history, block, controlOf(near.register)) : null;
  const master = { block, register: near?.register ?? null, start: near?.start ?? null, control };
  const of = { pc: set?.pc ?? 0, lr: set?.lr ?? 0, core: set?.core ?? 0 };
  return { ...of, at: machine.system.now, address, size, value: value >>> 0, master };
}
/** Where a transfer writes to, by controller: DMA v1 and BDMA, DMA v2, GPDMA and MDMA, DMA2D. */
const ADDRESS_REGISTER = /^(?:C[MP]AR\d+|S\d+(?:M[01]|P)AR|C\d+DAR|OMAR)$/;
/** 65,535 items of four bytes. */
const LONGEST_TRANSFER = 0x40000;
function controlled(history: Session['machine']['history'], block: string, register: string): Master['control'] {
  const by = history.lastWriter(`${block}.${register}`);
  return by && { register, pc: by.pc };
}
/** The register with the bit that starts the transfer, of the same controllers: CCR1, S0CR, C0CR, CR. */
const controlOf = (address: string): string =>
  address === 'OMAR'
    ? 'CR'
    : address
        .replace(/^C[MP]AR/, 'CCR')
        .replace(/^(S\d+)(?:M[01]|P)AR$/, '$1CR')
        .replace(/^(C\d+)DAR$/, '$1CR');
