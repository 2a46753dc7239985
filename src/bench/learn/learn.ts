/**
 * `bootbench rom learn`: what the code of a ROM does where ST's text leaves it open, found by running it from every state that a caller can leave. The ROM is a black
 * box; nothing is concluded from a name, a hash or a version.
 */
import type { Confidence } from '../../emu/confidence.ts';
import { resolveRomOptions, type RomOptionId } from '../../rom/options.ts';
import { jobInput, romProfileIfAny, type RunHooks, type RunJob } from '../input/job.ts';
import { romHash } from '../../rom/identity.ts';
import { oddStates, writtenRegisters, type OddState, type WrittenRegister } from './beyond.ts';
import { Lab, type OwnClocks, type Ran } from './lab.ts';
import { experimentsFor, pinBootSecurity, resetFlags, sysclk, undecided, type Reading } from './experiments.ts';
import type { Scenario } from '../documents/scenario-types.ts';

export interface LearnedOption extends Reading {
  readonly option: RomOptionId;
  /** What the stand-in does, and how sure that is. */
  readonly standIn: string;
  readonly confidence: Confidence;
}
export interface Learned {
  readonly chip: string;
  readonly rom: string;
  readonly sha256: string;
  /** A jump from the state that a reset leaves is answered. */
  readonly plain: boolean;
  /** The state that every ROM can do with is: without it nothing is decided. */
  readonly control: boolean;
  readonly options: readonly LearnedOption[];
  /** Registers that this ROM or the stand-in has written while it is idle; empty where nothing is decided. */
  readonly registers: readonly WrittenRegister[];
  readonly oddStates: readonly OddState[];
}

/** The state that every ROM can do with. */
function allGood(lab: Lab): void {
  const { family } = lab;
  if (lab.registers['vtor'] !== undefined) lab.setVtor(lab.profile.base);
  if (family?.remap && lab.has(family.remap.field)) lab.field(family.remap.field, family.remap.systemMemory);
  if (family?.usbSupply && lab.has(family.usbSupply.bit)) lab.field(family.usbSupply.bit, 1);
  if (family?.hsi48 && lab.has(family.hsi48.on)) lab.field(family.hsi48.on, 1);
  if (family?.voltageControl && lab.has(family.voltageControl.field)) lab.field(family.voltageControl.field, family.voltageControl.highest);
}

/**
 * Runs every experiment on the ROM of a job. The stand-in's job says which clocks such a ROM may want from its caller.
 *
 * @throws CutShort where the limits of the jobs, or a signal of the hooks, end it
 */
export function learn(job: RunJob, standInJob: RunJob, hooks: RunHooks = {}): Learned {
  const input = jobInput(job, hooks);
  const profile = romProfileIfAny(input.chip)!;
  const lab = new Lab(input, profile);
  try {
    lab.enter();
    const plain = lab.serve();
    lab.baseline.push(allGood);
    lab.enter();
    let control = lab.serve();
    if (!served(control)) {
      const clocks = clocksOf(standInJob, hooks);
      lab.baseline.push((l) => l.clockedAs(clocks));
      lab.enter();
      control = lab.serve();
    }
    const found = served(control) ? allOf(job, hooks, lab, control) : null;
    return {
      chip: input.chip.name,
      rom: profile.id,
      sha256: romHash(input.chip, profile, job.rom.bytes, job.rom.beside),
      plain: served(plain),
      control: served(control),
      options: resolveRomOptions(profile.options).map(({ id: option, value: standIn, confidence }) => ({
        ...(found === null ? SILENT : (found.get(option) ?? untried(option))),
        option,
        standIn,
        confidence,
      })),
      ...(found === null ? { registers: [], oddStates: [] } : beyond(lab, standInJob, hooks)),
    };
  } finally {
    lab.release();
  }
}
function beyond(lab: Lab, standInJob: RunJob, hooks: RunHooks): Pick<Learned, 'registers' | 'oddStates'> {
  const standIn = new Lab(jobInput(standInJob, hooks), lab.profile);
  try {
    standIn.baseline.push(...lab.baseline);
    return { registers: writtenRegisters(lab, standIn), oddStates: oddStates(lab) };
  } finally {
    standIn.release();
  }
}
const SILENT: Reading = {
  value: null,
  says: 'the ROM does not answer even in the state that every ROM can do with',
  pc: null,
  served: false,
};
/** Options that no state at the entry decides, and why. */
const MASKED: Readonly<Partial<Record<RomOptionId, string>>> = {
  'sysflash-gap': 'it lies outside of a dump of system memory',
  'pwr-lock':
    'on the emulated chip each store to PWR_CR3 locks the supply, so that a ROM that writes the word and one that writes a byte look alike',
};
const untried = (option: RomOptionId): Reading => ({
  value: null,
  says: MASKED[option] ?? 'there is no experiment for it yet',
  pc: null,
  served: null,
});

function allOf(job: RunJob, hooks: RunHooks, lab: Lab, control: Ran): ReadonlyMap<RomOptionId, Reading> {
  const found = new Map<RomOptionId, Reading>();
  const { options } = lab.profile;
  lab.boundBy(control);
  for (const experiment of experimentsFor(lab)) found.set(experiment.option, experiment.run(lab, found));
  if (options['reset-flags'] !== undefined) found.set('reset-flags', onBoard(job, hooks, { boot0: 1 }, control, [], resetFlags));
  if (options['pin-boot-security'] !== undefined)
    found.set('pin-boot-security', onBoard(job, hooks, { boot0: 1 }, control, [], pinBootSecurity));
  if (options['hse-missing'] !== undefined)
    found.set('hse-missing', onBoard(job, hooks, { hse: null }, control, lab.baseline, withoutCrystal));
  const clock = found.get('sysclk');
  if (clock?.value === 'sets' && options['hse-missing'] !== undefined) {
    // a crystal may be what it takes for USB alone
    const without = onBoard(job, hooks, { hse: null }, control, lab.baseline, (l) => sysclk.run(l, found));
    if (without.value !== 'sets') found.set('sysclk', undecided(`${clock.says}, and without a crystal that is not so`));
  }
  return found;
}
function clocksOf(job: RunJob, hooks: RunHooks): OwnClocks {
  const input = jobInput(job, hooks);
  const lab = new Lab(input, romProfileIfAny(input.chip)!);
  try {
    return lab.ownClocks();
  } finally {
    lab.release();
  }
}
const served = (ran: Ran): boolean => ran.served === true && ran.resets.length === 0;

/** What is seen on another board. */
function onBoard(
  job: RunJob,
  hooks: RunHooks,
  board: Scenario['board'],
  control: Ran,
  baseline: Lab['baseline'],
  see: (lab: Lab) => Reading,
): Reading {
  const input = jobInput({ ...job, scenario: { ...job.scenario, board: { ...job.scenario.board, ...board } } }, hooks);
  const lab = new Lab(input, romProfileIfAny(input.chip)!);
  try {
    lab.baseline.push(...baseline);
    lab.boundBy(control);
    return see(lab);
  } finally {
    lab.release();
  }
}

function withoutCrystal(lab: Lab): Reading {
  const reading = (value: string | null, says: string, served: boolean): Reading => ({ value, says, pc: null, served });
  lab.enter();
  const ran = lab.idle(4000);
  if (ran.resets.length > 0) return reading('resets', `without a crystal the ROM resets the chip (${ran.resets[0]})`, false);
  if (ran.left) return reading(null, 'the ROM went back to the flash', false);
  if (lab.held.usb.dfuReady) return reading(null, 'the ROM serves without a crystal', true);
  return reading('stays-silent', 'without a crystal the ROM stays and has no USB', false);
}
