/**
 * Rates of a board's clocks. The registers of its RCC are put into an emulated one, whose clock tree then says what runs how fast: the same formulas, with the
 * same tests, as in a run.
 */
import type { ChipDescription } from '../emu/chip.ts';
import { Machine } from '../emu/machine.ts';
import { layoutFor } from '../emu/registers.ts';
import { rateHz } from '../emu/time.ts';
import { MODELS } from '../peripherals/index.ts';
import { HSE_FAIL } from '../peripherals/wires.ts';

/** Registers that switch peripherals and interrupts decide no rate. */
const NO_RATES = /ENR|RSTR|LPEN|SMEN|AMR|^CI[EFC]?R|^CIR/;
/** Where nobody says what crystal is fitted, two guesses: what differs between them hangs on the crystal. */
const GUESSES = [8e6, 12e6] as const;

export class ClockTree {
  private readonly chip: ChipDescription;
  private readonly hseHz: number | null;

  /** @param hseHz what feeds HSE on this board; null: not known */
  constructor(chip: ChipDescription, hseHz: number | null) {
    this.chip = chip;
    this.hseHz = hseHz;
  }

  /**
   * Hertz by clock, 0 = stopped; null = it hangs on a crystal that nobody named.
   * @param word of the board; null: it cannot be read, or not yet, and then nothing is known
   */
  rates(word: (address: number) => number | null): ReadonlyMap<string, number | null> | null {
    const { chip, hseHz } = this;
    const row = chip.blocks.find((b) => b.name === chip.rcc)!;
    const { registers } = layoutFor(chip.facts[row.facts ?? row.name]!);
    // all of them are asked for, so that a board reads them in one go
    const asked = registers.filter((r) => !NO_RATES.test(r.name)).map(({ name, offset }) => [name, word(row.base + offset)] as const);
    const values = asked.filter((pair): pair is readonly [string, number] => pair[1] !== null);
    if (values.length < asked.length) return null;
    const [first, second] = (hseHz === null ? GUESSES : [hseHz]).map((hz) => this.machineWith(hz, values));
    return new Map(
      chip.clocks.map((clock) => {
        const hz = hertz(first!, clock);
        return [clock, second === undefined || hertz(second, clock) === hz ? hz : null];
      }),
    );
  }

  private machineWith(hseHz: number, values: readonly (readonly [register: string, value: number])[]): Machine {
    const { chip } = this;
    const machine = new Machine({ chip, models: MODELS, parameters: { 'hse.hz': hseHz }, seed: 1 });
    const rcc = machine.system.block(chip.rcc);
    const { layout } = rcc;
    const { regs } = rcc.state;
    for (const [name, value] of values) regs[layout.reg(name).index] = value;
    // the block looks at its oscillators anew, of which none has failed
    rcc.component.onWire(rcc.state, rcc.env, HSE_FAIL, 0);
    return machine;
  }
}
function hertz(machine: Machine, clock: string): number {
  const { rate } = machine.system.clock(clock);
  return rate ? rateHz(rate) : 0;
}
