/**
 * COMP and OPAMP: locks, outputs and the calibration flag. Nothing is known of the voltages at the inputs: a comparator sees its plus input as the lower one (ASSUMED).
 *
 * Facts: registers ST SVD; RM0351 COMP and OPAMP, RM0440 OPAMP, RM0399 COMP and OPAMP (documented): a lock holds its register until a system reset; in calibration CALOUT falls
 * when the trimming of the pair that CALSEL chooses has reached the offset. The offset of the part is ASSUMED to be in the middle.
 */
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

type Ctx = RegisterContext<object>;

const named = (layout: Layout, suffix: RegExp): { readonly register: Register; readonly field: Field }[] =>
  layout.registers.flatMap((register) =>
    register.fields.filter((f) => suffix.test(f.name)).map((f) => ({ register, field: layout.field(`${register.name}.${f.name}`) })),
  );
/** A field of a register by the end of its name. */
const part = (layout: Layout, register: Register, suffix: RegExp): Field | null => {
  const found = register.fields.find((f) => suffix.test(f.name));
  return found === undefined ? null : layout.field(`${register.name}.${found.name}`);
};

/** A register whose lock is set keeps everything. */
function lockOf(layout: Layout): (c: Ctx, r: Register) => number | undefined {
  const locks = new Map(named(layout, /LOCK$/).map(({ register, field }) => [register, field]));
  return (c, r) => (locks.get(r)?.get(c) === 1 ? c.get(r) : undefined);
}

export const comp: ModelFactory = (layout): RegisterModel<object> => {
  const locked = lockOf(layout);
  const outputs = [...named(layout, /VALUE$/), ...named(layout, /^C\dVAL$/)].map(({ field }, n) => {
    const control = layout.has(`CFGR${n + 1}`) ? layout.reg(`CFGR${n + 1}`) : field.register;
    return {
      field,
      control,
      en: part(layout, control, /EN$/),
      polarity: part(layout, control, /POL(ARITY)?$/),
      lock: part(layout, control, /LOCK$/),
    };
  });
  return {
    about: {
      source: 'RM0351 COMP, RM0399 COMP',
      confidence: 'documented',
      lacks: ['voltages at the inputs: the plus input is the lower one (assumed)', 'interrupts', 'start-up times'],
    },
    modelled: 'all',
    // Some SVDs call LOCK read-only.
    writable: Object.fromEntries(
      outputs.map(({ field, control, lock }) => [
        control.name,
        (control.writable | (lock?.mask ?? 0)) & ~(field.register === control ? field.mask : 0),
      ]),
    ),
    create: () => ({}),
    write: (c, r) => locked(c, r),
    wrote: (c) => {
      for (const { field, en, polarity } of outputs) field.set(c, en?.get(c) === 1 && polarity?.get(c) === 1 ? 1 : 0);
    },
  };
};

/** In the middle of five bits: ASSUMED. */
const OFFSET = 16;

export const opamp: ModelFactory = (layout): RegisterModel<object> => {
  const locked = lockOf(layout);
  const channels = named(layout, /^CALOUT$/).map(({ register, field }) => {
    const of = (suffix: string): Register | null => {
      const name = register.name.replace(/C[SR][RS]$/, suffix);
      return name !== register.name && layout.has(name) ? layout.reg(name) : null;
    };
    const pair = (r: Register | null): { readonly n: Field; readonly p: Field } | null => {
      const [n, p] = r === null ? [null, null] : [part(layout, r, /OFFSETN$/), part(layout, r, /OFFSETP$/)];
      return n && p ? { n, p } : null;
    };
    const control = (name: string): Field | null => part(layout, register, new RegExp(`^${name}$`));
    return {
      calout: field,
      calon: control('CALON')!,
      calsel: control('CALSEL')!,
      lowPower: control('OPALPM'),
      highSpeed: control('OPAHSM'),
      normal: pair(of('OTR')) ?? pair(register),
      slow: pair(of('LPOTR')),
      fast: pair(of('HSOTR')),
    };
  });
  return {
    about: {
      source: 'RM0351 OPAMP, RM0440 OPAMP, RM0399 OPAMP',
      confidence: 'documented',
      lacks: ['voltages', 'factory trimming (assumed in the middle)'],
    },
    modelled: 'all',
    writable: Object.fromEntries(channels.map(({ calout }) => [calout.register.name, calout.register.writable & ~calout.mask])),
    create: () => ({}),
    write: (c, r) => locked(c, r),
    wrote: (c) => {
      for (const { calout, calon, calsel, lowPower, highSpeed, normal, slow, fast } of channels) {
        const trim = (lowPower?.get(c) === 1 ? slow : highSpeed?.get(c) === 1 ? fast : null) ?? normal;
        // one bit: 0 is the N pair; two bits: 90 % of the reference is
        const isN = calsel.width === 1 ? calsel.get(c) === 0 : calsel.get(c) === 3;
        const value = trim === null ? 0 : (isN ? trim.n : trim.p).get(c);
        calout.set(c, calon.get(c) === 1 && value < OFFSET ? 1 : 0);
      }
    },
  };
};
