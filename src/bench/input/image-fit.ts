/**
 * Whether an image is for this chip at all: the architecture and FPU that it was compiled for, and its vector table against the chip's memories.
 * Said before anything runs: otherwise a wrong file looks like firmware that faults.
 */
import type { ChipDescription, CoreRow } from '../../emu/chip.ts';
import { modelOf } from '../../emu/core/models/index.ts';
import { entryVectors, ImageError, memoryHolds, type LoadedImage } from '../../image/image.ts';
import { UsageError } from '../documents/usage-error.ts';
import { hex32 } from '../documents/result.ts';
import { imageCore, startAddress } from './image-core.ts';

/** Tag_CPU_arch of the M profile (IHI0045). */
const ARCHITECTURES: Readonly<Record<number, string>> = {
  10: 'Armv7-M',
  11: 'Armv6-M',
  12: 'Armv6-M',
  13: 'Armv7E-M',
  16: 'Armv8-M Baseline',
  17: 'Armv8-M Mainline',
  21: 'Armv8.1-M Mainline',
};
const ARMV6_M: readonly number[] = [11, 12];
const [ARMV7_M, ARMV7E_M] = [10, 13];
const FPV5 = 7;
interface Ability {
  readonly name: string;
  readonly v6m: boolean;
  readonly architectures: readonly number[];
  /** Highest Tag_FP_arch: 6 = VFPv4 with 16 registers, 8 = FPv5. */
  readonly fpu: number;
  readonly doublePrecision: boolean;
}
/** Of ARMv8-M this is the Mainline, which has all of the Baseline. */
const ARCHITECTURES_OF = { v6m: [], v7m: [10], v8m: [10, 16, 17] } as const;
function abilityOf(core: CoreRow): Ability {
  const { title, arch, dsp, fpu, fpv5 } = modelOf(core.type);
  return {
    name: title,
    v6m: arch === 'v6m',
    architectures: [...ARMV6_M, ...ARCHITECTURES_OF[arch], ...(dsp ? [13] : [])],
    fpu: fpu === 'none' ? 0 : fpv5 ? 8 : 6,
    doublePrecision: fpu === 'dp',
  };
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

/** Throws if the core cannot run what the image was compiled for; returns doubts. */
export function checkFit(chip: ChipDescription, image: LoadedImage, optionBytes: Readonly<Record<string, unknown>> = {}): string[] {
  const core = chip.cores[imageCore(chip, image)]!;
  return [...compiledFor(chip, image, core.name, abilityOf(core)), ...vectorTable(chip, image, optionBytes)].map(
    (text) => `${image.path}: ${text}`,
  );
}

/** Whether the compiler was told just what the core is, not something less. */
export function isCompiledFor(chip: ChipDescription, image: LoadedImage): boolean {
  const architecture = image.attributes?.architecture ?? null;
  const { arch, dsp } = modelOf(chip.cores[imageCore(chip, image)]!.type);
  if (architecture === null) return false;
  if (arch === 'v6m') return ARMV6_M.includes(architecture);
  return architecture === (arch === 'v8m' ? 17 : dsp ? 13 : 10);
}

// eslint-disable-next-line complexity -- what an image asks of its core, one question after the other: those that end the run come first
function compiledFor(chip: ChipDescription, image: LoadedImage, core: string, ability: Ability): string[] {
  const { attributes } = image;
  if (attributes === null) return [];
  const { architecture, fpu, doublePrecision } = attributes;
  const who = chip.cores.length > 1 ? `${core} of ${chip.name}, a ${ability.name},` : `the ${ability.name} of ${chip.name}`;
  const refuse = (what: string): never => {
    throw new ImageError('wrong-core', `built for ${what}, which ${who} cannot run`, null, 'is it built for another chip?', image.path);
  };
  // a number that is not known here (the A profile, say) is left alone: the tag is the compiler's word only
  const named = architecture === null ? undefined : ARCHITECTURES[architecture];
  // One file of assembler marks a whole image: ChibiOS' chcoreasm_v7m.S says Cortex-M4 on every core.
  const marked = architecture === ARMV7E_M && ability.architectures.includes(ARMV7_M);
  if (named !== undefined && !marked && !ability.architectures.includes(architecture!)) return refuse(named);
  if (fpu > ability.fpu) return refuse(fpu >= FPV5 ? 'an FPU of FPv5' : 'an FPU');
  if (named !== undefined && ARMV6_M.includes(architecture!) && !ability.v6m)
    return [`built for Armv6-M (Cortex-M0), although ${who} supports more: is it built for another chip?`];
  if (marked && !ability.architectures.includes(ARMV7E_M))
    return [`marked as Armv7E-M, but ${who} has no DSP instructions: is it built for another chip?`];
  if (doublePrecision && !ability.doublePrecision)
    return [`it may contain double-precision floating-point instructions, which ${who} does not have`];
  const other = fpu !== 0 && fpu < ability.fpu && chip.cores.find((c) => c.name !== core && abilityOf(c).fpu === fpu);
  return other ? [`built for the FPU of ${other.name}, but at the boot address of ${core}: is it the image for ${other.name}?`] : [];
}

/** The two words that the core loads out of reset, where the image holds them. */
function vectorTable(chip: ChipDescription, image: LoadedImage, optionBytes: Readonly<Record<string, unknown>>): string[] {
  const table = startAddress(chip, imageCore(chip, image), optionBytes);
  const vectors = table === null ? null : entryVectors([image], table);
  if (table === null || vectors === null) return [];
  const { memories, remap } = chip;
  const doubts: string[] = [];
  // the stack begins below SP
  if (!memoryHolds(memories, vectors.sp - 1, 'ram')) doubts.push(`initial SP ${hex(vectors.sp)}, outside the RAM`);
  const pc = (vectors.reset & ~1) >>> 0;
  const mapped = remap !== undefined && memories.some((m) => m.kind === 'flash' && pc >= remap.base && pc < remap.base + m.size);
  if (!mapped && !memoryHolds(memories, pc, null)) doubts.push(`reset vector ${hex(vectors.reset)}, outside the memory`);
  return doubts.length === 0
    ? []
    : [`its vector table at ${hex(table)} has ${doubts.join(', and ')} of ${chip.name}: is it built for another chip?`];
}

/** Where a product with TrustZone has its flash for the secure world (RM0456 2.3.2, RM0481 2.3.2). */
const SECURE_FLASH = { from: 0x0c000000, to: 0x10000000 };
/** @throws UsageError for an image of the secure world, which is built for this chip and yet has no place on it here. */
export function refuseSecure(images: readonly LoadedImage[], chip: ChipDescription): void {
  if (!chip.cores.some((core) => modelOf(core.type).arch === 'v8m')) return;
  for (const { path, chunks } of images) {
    const chunk = chunks.find((c) => c.address >= SECURE_FLASH.from && c.address < SECURE_FLASH.to);
    if (chunk)
      throw new UsageError(
        `${path}: its bytes at ${hex32(chunk.address)} are secure code or data, but ${chip.line} is modelled with TrustZone off`,
        'build it without TrustZone, or give only the non-secure image, with --boot-at',
      );
  }
}
