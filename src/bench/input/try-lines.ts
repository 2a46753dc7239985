/**
 * The first milliseconds of an image on a candidate chip, to see what does not fit: a fault at an address where the chip has nothing, registers and bits that its blocks
 * do not have, writes to a block without its clock. All candidates start alike (pins float, oscillators start, an erased ROM), so what all of them share says nothing.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import type { Block } from '../../emu/system.ts';
import { modelOf } from '../../emu/core/models/index.ts';
import { Machine } from '../../emu/machine.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { Register } from '../../emu/registers.ts';
import { isBitAlias } from '../../image/elf.ts';
import type { LoadedImage } from '../../image/image.ts';
import { MODELS } from '../../peripherals/index.ts';
import { PIN_FLOATING } from '../../peripherals/pins/gpio-common.ts';
import { hex32 } from '../documents/result.ts';
import { tableBehindLoader } from './behind-loader.ts';
import { serveSemihosting } from './semihosting.ts';
import { startAddress } from './image-core.ts';
import { withOutside } from './outside-memory.ts';

/** What a candidate lacks of what the image uses. */
export interface Trial {
  /** The more, the less the image is for this chip: of what the first `within` registers showed that it used. */
  readonly against: (within: number) => number;
  /** Registers that it came to use. Who comes further has more chances to meet what does not fit, so that alone says nothing against it. */
  readonly reach: number;
  /** The strongest, for a person: `it reads 0x48001010, where STM32L412RB has nothing`; null where nothing speaks against it. */
  readonly because: string | null;
  /** That says that it uses a register which the chip does not have. */
  readonly saysNoRegister: boolean;
  /** Whether another chip would fault for the same reason; null without a fault. */
  readonly lacks: ((chip: ChipDescription) => boolean) | null;
  /** Whether another chip has something at each place that it came to use: it runs alike only then. */
  readonly fits: (chip: ChipDescription) => boolean;
}

/** Effort: so long each candidate runs, in virtual time and in cycles of its core, and accesses of devices that are looked at. */
const LONGEST: Ps = 10 * MS,
  STRETCH: Ps = MS / 8,
  MOST_CYCLES = 100_000,
  MOST_ACCESSES = 4_000;
/** Points of one thing that does not fit, and most that a kind of them can come to. */
export const FAULT = 8;
const NO_REGISTER = { each: 2, most: 6 };
const NO_BITS = { each: 1, most: 3 };
const NO_CLOCK = { each: 1, most: 4 };

/** Bits of a register that the facts give a name. */
const masks = new WeakMap<Register, number>();
function namedBits(register: Register): number {
  let mask = masks.get(register);
  if (mask === undefined) {
    mask = 0;
    for (const f of register.fields) mask |= (f.width >= 32 ? -1 : (1 << f.width) - 1) << f.bit;
    masks.set(register, (mask >>>= 0));
  }
  return mask;
}

/** What a machine is seen to do with its blocks. */
class Watch {
  /** Each with the number of registers that had been used before. */
  readonly strange = new Map<string, { readonly text: string; readonly after: number }>();
  readonly bits = new Map<string, number>();
  readonly unclocked = new Map<string, number>();
  readonly used = new Set<number>();
  accesses = 0;
  private readonly machine: Machine;
  constructor(machine: Machine) {
    this.machine = machine;
    const { system } = machine;
    const [read, write] = [system.readBlock.bind(system), system.writeBlock.bind(system)];
    system.readBlock = (block, address, size) => {
      this.look(block, address, null);
      return read(block, address, size);
    };
    system.writeBlock = (block, address, size, value) => {
      this.look(block, address, value);
      return write(block, address, size, value);
    };
  }
  // eslint-disable-next-line complexity -- what an access can miss, one after the other
  private look(block: Block, address: number, value: number | null): void {
    if (++this.accesses > MOST_ACCESSES) return;
    const offset = address - block.row.base;
    const after = this.used.size;
    this.used.add(address & ~3);
    if (value !== null && !this.machine.system.isClocked(block) && !block.row.unclocked?.includes(offset & ~3)) {
      setOnce(this.unclocked, block.row.name, after);
      return;
    }
    const { registers } = block.layout;
    // packet memories, and blocks whose registers are not known
    if (registers.length === 0 || offset < 0 || offset >= block.row.size) return;
    const register = block.layout.at(offset);
    if (register === undefined) {
      const last = registers.at(-1)!;
      if (offset < last.offset + last.size + GAP)
        setOnce(this.strange, `${kindOf(block.row.name)}+${offset & ~3}`, {
          text: `${value === null ? 'reads' : 'writes'} ${hex32(address)}`,
          after,
        });
    } else if (
      value !== null &&
      register.fields.length > 0 &&
      offset === register.offset &&
      sayMore((value ^ register.reset) & ~namedBits(register), value)
    )
      setOnce(this.bits, `${block.row.name}.${register.name}`, after);
  }
}
function setOnce<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}
/** `GPIO` of GPIOC, `USART` of USART2: a driver that writes a register of one writes it of all, and is wrong once. */
const kindOf = (block: string): string => block.replace(/(?:\d+|(?<=GPIO)[A-Z])$/, '');
/** Bits without a name that were written as they are not out of reset, which is how reserved ones are kept; all ones are what a driver clears flags with. */
const sayMore = (unnamed: number, value: number): boolean => unnamed !== 0 && value >>> 0 !== 0xffffffff;
/** Behind the last register of a block memories may lie that are no registers. */
const GAP = 0x40;

const capped = (count: number, { each, most }: { each: number; most: number }): number => Math.min(count * each, most);

/** Runs the images on the chip. */
export function tryOn(example: ChipDescription, images: readonly LoadedImage[]): Trial {
  const chip = withOutside(example, [], images);
  const machine = new Machine({ chip, models: MODELS, parameters: {}, seed: 1 });
  try {
    machine.eraseNonVolatile();
    for (const image of images) for (const { address, data } of image.chunks) machine.load(address, data);
    for (const b of chip.blocks)
      if (b.model?.startsWith('gpio')) for (let n = 0; n < 16; n++) machine.system.setWire(`pin.P${b.name.slice(-1)}${n}`, PIN_FLOATING);
    const start = startAddress(chip, 0);
    machine.bootAt = start === null ? null : tableBehindLoader(chip, images, start);
    machine.powerOn();
    const watch = new Watch(machine);
    let fault: Misfit | null = null;
    machine.observer = {
      // as in a run: without an answer the trial ends where the firmware prints its first line
      semihosting: (core) => {
        serveSemihosting(core, { print: () => {}, exit: () => machine.stop(), now: () => machine.now });
        return true;
      },
      faulted: (core, kind, address, pc) => {
        fault ??= misfit(machine, kind, address, pc);
        machine.stop();
      },
    };
    const { bootCore } = machine;
    for (let until = STRETCH; until <= LONGEST && bootCore.cycles() < MOST_CYCLES && watch.accesses < MOST_ACCESSES; until += STRETCH)
      if (machine.run(until) !== 'limit') break;
    return verdict(chip.name, fault, watch);
  } finally {
    machine.release();
  }
}

function verdict(name: string, fault: Misfit | null, { strange, bits, unclocked, used }: Watch): Trial {
  const [first] = strange.values();
  const within = (afters: Iterable<number>, limit: number): number => [...afters].filter((after) => after < limit).length;
  return {
    against: (limit) =>
      (fault === null ? 0 : FAULT) +
      capped(
        within(
          [...strange.values()].map(({ after }) => after),
          limit,
        ),
        NO_REGISTER,
      ) +
      capped(within(bits.values(), limit), NO_BITS) +
      capped(within(unclocked.values(), limit), NO_CLOCK),
    reach: used.size,
    because: fault?.because ?? (first === undefined ? null : `it ${first.text}, where ${name} has no register`),
    saysNoRegister: fault === null && first !== undefined,
    lacks: fault?.lacks ?? null,
    fits: (chip) => [...used].every((address) => hasPlace(chip, address)),
  };
}

interface Misfit {
  readonly because: string;
  readonly lacks: (chip: ChipDescription) => boolean;
}
/** A fault that the choice of the chip can explain; null for the others: every chip faults at an address that none has. */
function misfit(machine: Machine, kind: string, address: number | null, pc: number): Misfit | null {
  const { name, cores } = machine.chip;
  if (address !== null && isOfChip(address) && machine.system.regionAt(address) === null)
    return { because: `it uses ${hex32(address)}, where ${name} has nothing`, lacks: (chip) => !hasPlace(chip, address) };
  const isWithoutFpu = (chip: ChipDescription): boolean => modelOf(chip.cores[0]!.type).fpu === 'none';
  if (kind === 'no-coprocessor' && isWithoutFpu(machine.chip))
    return { because: `it executes an FPU instruction at ${hex32(pc)}, and ${name} has no FPU`, lacks: isWithoutFpu };
  if (!kind.includes('undefined')) return null;
  return {
    because: `it executes an instruction at ${hex32(pc)} that ${name} does not have`,
    lacks: (chip) => chip.cores[0]!.type === cores[0]!.type,
  };
}
/** Memories and blocks, not what the board has behind a memory controller. */
const isOfChip = (address: number): boolean => address < 0x60000000;
function hasPlace({ blocks, memories, cores }: ChipDescription, address: number): boolean {
  if (isBitAlias(address)) return cores[0]!.bitBand === true;
  const within = (base: number, size: number): boolean => address >= base && address < base + size;
  return (
    blocks.some((b) => [b, ...(b.windows ?? [])].some((r) => within(r.base, r.size))) ||
    memories.some((m) => [m.base, ...(m.aliases ?? [])].some((base) => within(base, m.size)))
  );
}
