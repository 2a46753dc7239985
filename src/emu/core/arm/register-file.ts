/** Core registers by lower-case name: for entries, checks, repairs, debuggers. */
import type { Cpu } from '../cpu.ts';
import { SCS } from './scs-state.ts';
import { FPSCR_MASK } from '../float/softfloat-bits.ts';
import { FPCA, getMsp, getPsp, NPRIV, setControl, setMsp, setPsp, setXpsr, SPSEL, updateSpLimit, xpsr } from './special.ts';
import { S } from '../state.ts';

/** Registers before the instruction at `pc`, as far as the profile has them, in the order of the contract. */
export function registerFile(cpu: Cpu, pc: number): Record<string, number> {
  const { arch, fpu, vtor } = cpu.profile;
  const r: Record<string, number> = {};
  for (let i = 0; i <= 12; i++) r[`r${i}`] = cpu.get(S.R + 4 * i);
  r['sp'] = cpu.get(S.SP);
  r['lr'] = cpu.get(S.LR);
  r['pc'] = pc;
  r['xpsr'] = xpsr(cpu);
  r['msp'] = getMsp(cpu);
  r['psp'] = getPsp(cpu);
  r['primask'] = cpu.get(S.PRIMASK);
  if (arch !== 'v6m') {
    r['basepri'] = cpu.get(S.BASEPRI);
    r['faultmask'] = cpu.get(S.FAULTMASK);
  }
  r['control'] = cpu.get(S.CONTROL);
  if (arch === 'v8m') {
    r['msplim'] = cpu.get(S.MSPLIM);
    r['psplim'] = cpu.get(S.PSPLIM);
  }
  if (fpu !== 'none') r['fpscr'] = cpu.get(S.FPSCR);
  if (vtor !== 0) r['vtor'] = cpu.get(SCS.VTOR);
  return r;
}

/** Bits of CONTROL that a core has (DDI 0419 and DDI 0403 B1.4.4). */
const controlBits = ({ unprivileged, fpu }: Cpu['profile']): number => SPSEL | (unprivileged ? NPRIV : 0) | (fpu === 'none' ? 0 : FPCA);

/** Sets one register by name, with all that hangs on it. */
// eslint-disable-next-line complexity -- one case for each register
export function setRegister(cpu: Cpu, name: string, value: number): void {
  value >>>= 0;
  const general = /^r(\d+)$/.exec(name);
  if (general && Number(general[1]) <= 12) {
    cpu.set(S.R + 4 * Number(general[1]), value);
    return;
  }
  switch (name) {
    case 'sp':
      cpu.set(S.SP, value & ~3);
      break;
    case 'lr':
      cpu.set(S.LR, value);
      break;
    case 'pc':
      cpu.set(S.PC, value & ~1);
      break;
    case 'msp':
      setMsp(cpu, value);
      break;
    case 'psp':
      setPsp(cpu, value);
      break;
    case 'xpsr':
      setXpsr(cpu, value);
      break;
    case 'primask':
      cpu.set(S.PRIMASK, value & 1);
      break;
    case 'faultmask':
      cpu.set(S.FAULTMASK, value & 1);
      break;
    case 'basepri':
      cpu.set(S.BASEPRI, value & 0xff);
      break;
    case 'control':
      setControl(cpu, value & controlBits(cpu.profile));
      break;
    case 'msplim':
      cpu.set(S.MSPLIM, value & ~7);
      updateSpLimit(cpu);
      break;
    case 'psplim':
      cpu.set(S.PSPLIM, value & ~7);
      updateSpLimit(cpu);
      break;
    case 'vtor':
      cpu.set(SCS.VTOR, value & ~0x7f);
      break;
    case 'mpu_ctrl':
      cpu.set(SCS.MPU_CTRL, value & 7);
      cpu.rightsChanged();
      break;
    case 'sys-active':
      cpu.set(SCS.SYS_ACTIVE, value);
      break;
    case 'fpscr':
      cpu.set(S.FPSCR, value & FPSCR_MASK);
      break;
    default:
      throw new Error(`no core register ${name}`);
  }
  cpu.rightsChanged();
  cpu.interruptsChanged();
}
