/** RCC of the older families (F0, F4): one CIR register holds flags, enables and clear bits; LSI and the reset flags stand in CSR. */
import type { Field, Layout, Register, RegisterContext } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';

type Ctx = RegisterContext<object>;

const CSSF = 7;
/** Enable bits lie 8 above their flags in CIR, clear bits 16. */
const ENABLES = 8;
const CLEAR = 16;

export abstract class RccCir extends RccBase {
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly flags;
  protected readonly interrupts: InterruptFields;
  protected readonly cr: Register;
  protected readonly csson: Field;
  protected readonly sysclkPll: Field;
  protected readonly cfgr: Register;
  protected readonly hpre: Field;
  private readonly cir: Register;
  private readonly csr: Register;

  /** @param more oscillators that only this family has, between HSI and HSE; @param ready flag positions in CIR */
  constructor(layout: Layout, more: Readonly<Record<string, OscillatorFields>>, ready: Readonly<Record<string, number>>) {
    super(layout);
    const f = this.f;
    this.cr = layout.reg('CR');
    this.cfgr = layout.reg('CFGR');
    this.cir = layout.reg('CIR');
    this.csr = layout.reg('CSR');
    this.oscillators = {
      lse: { on: f('BDCR.LSEON'), rdy: f('BDCR.LSERDY'), bypass: f('BDCR.LSEBYP') },
      lsi: { on: f('CSR.LSION'), rdy: f('CSR.LSIRDY') },
      hsi: { on: f('CR.HSION'), rdy: f('CR.HSIRDY') },
      ...more,
      hse: { on: f('CR.HSEON'), rdy: f('CR.HSERDY'), bypass: f('CR.HSEBYP') },
    };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.BDRST'),
      lseFrozen: f('BDCR.LSEBYP').mask,
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.hpre = f('CFGR.HPRE');
    this.flags = { register: this.csr, rmvf: f('CSR.RMVF') };
    this.interrupts = { flags: this.cir, enables: this.cir, shift: ENABLES, ready, css: CSSF };
    this.csson = f('CR.CSSON');
    this.sysclkPll = f('CR.PLLON');
  }

  write(c: Ctx, r: Register, merged: number, raw: number, _lanes: number): number | void {
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cir) return (merged & 0xff00) | (c.get(r) & 0xff & ~(raw >>> CLEAR));
    // RMVF clears the flags and reads 0.
    if (r === this.csr) return raw & this.flags.rmvf.mask ? merged & ~(this.flagMask() | this.flags.rmvf.mask) : merged;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cir) this.interrupt(c);
    else if (value !== old) this.changed(c, r, value, old);
  }
  /** A write has changed a register other than CIR. */
  protected abstract changed(c: Ctx, r: Register, value: number, old: number): void;
}

/** RM0091 6.4.2, RM0316 9.4.2 (documented): what the values of CFGR.MCO put out; a die without MCOPRE has 0 there. */
const MCO_SOURCES = ['', 'hsi14', 'lsi', 'lse', 'sysclk', 'hsi', 'hse', 'pll', 'hsi48'];
/** The clock on MCO of F0 and F3, which a timer can capture. The PLL's is divided by two unless PLLNODIV is set. */
export function mcoRate(cfgr: number, rates: Readonly<Record<string, Rate | null>>): Rate | null {
  const name = MCO_SOURCES[(cfgr >>> 24) & 15] ?? '';
  const source = rates[name] ?? null;
  const halved = name === 'pll' && cfgr >>> 31 === 0 ? 2 : 1;
  return source && scaleRate(source, 1, halved << ((cfgr >>> 28) & 7));
}
