/** `bootbench rom learn`: what the code of a dump does where ST's text leaves it open. */
import { jsonText } from '../bench/documents/json-text.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RunJob } from '../bench/input/job.ts';
import { romProfile } from '../bench/input/job.ts';
import { learn, whyNoDump, type Learned, type LearnedOption } from '../bench/learn/learn.ts';
import { isStandIn } from '../rom/load.ts';
import { printable, wrap } from '../report/text.ts';
import { VERSION } from '../version.ts';
import { chipNamed, readInput } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { Outputs, type OutputFile } from './outputs.ts';
import { usePrebuilt } from './prebuilt.ts';
import { romImage } from './rom-image.ts';

export interface RomLearnOptions {
  readonly chip?: string;
  readonly json?: boolean;
  readonly evidence?: string;
}

export async function romLearnCommand(file: string, options: RomLearnOptions, io: Io): Promise<number> {
  if (options.chip === undefined) throw new UsageError('which chip is the dump of? --chip is missing', 'for example --chip stm32l476rg');
  const chip = chipNamed(options.chip);
  const profile = romProfile(chip);
  const bytes = readInput(file, io.cwd);
  const why = whyNoDump(chip, profile, bytes);
  if (why !== null) throw new UsageError(`${file}: ${why.what}`, why.hint);
  const files = options.evidence === undefined ? [] : [{ option: '--evidence', path: options.evidence } satisfies OutputFile];
  const outputs = new Outputs(files, io.cwd, [file]);
  try {
    usePrebuilt(chip.cores);
    const image = romImage(profile.image);
    const learned = learn(jobOf(chip.name, 'dump', bytes), jobOf(chip.name, 'stand-in', image));
    const own = isStandIn(profile, image, bytes);
    if (options.evidence !== undefined) {
      if (own) throw new UsageError('--evidence: the dump is a stand-in ROM of bootbench, which is no evidence', 'dump the ROM of a chip');
      outputs.write('--evidence', evidenceLines(learned, new Date()).join(''));
    }
    if (options.json === true) io.stdout.write(jsonText(documentOf(learned)));
    else for (const line of textOf(learned, own, Math.max(60, Math.min(io.stdout.columns, 120)))) io.stdout.write(`${printable(line)}\n`);
    return learned.control ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}

const jobOf = (chip: string, kind: 'dump' | 'stand-in', bytes: Uint8Array): RunJob => ({
  version: VERSION,
  chip,
  images: [],
  scenario: { schema: 'bootbench/scenario@1' },
  overrides: { images: [] },
  limits: { maxInstructions: null, wallMs: null, maxMemory: null },
  rom: { kind, bytes, version: null, options: {} },
  symptoms: [],
  engine: 'bootbench',
  semihosting: true,
  bootAt: null,
  files: new Map(),
});

const INDENT = ' '.repeat(25);
const isOther = (o: LearnedOption): boolean => o.value !== null && o.value !== o.standIn;
const pcOf = (pc: number | null): string => (pc === null ? '' : `, by 0x${pc.toString(16).padStart(8, '0')}`);
const servedOf = (served: boolean | null): string => (served === null ? '' : served ? '; served' : '; not served');

function* textOf(learned: Learned, own: boolean, width: number): Generator<string> {
  yield `${learned.chip}, ROM with SHA-256 ${learned.sha256}`;
  if (own) yield* wrap("This dump is a stand-in ROM of bootbench, not ST's code.", width, '');
  yield `A jump from the state that a reset leaves: ${learned.plain ? 'served' : 'not served'}`;
  if (!learned.control) {
    yield* wrap(
      `The ROM does not answer even in the state that every ROM can do with, so nothing is decided: is it the ROM of ${learned.chip}?`,
      width,
      '',
    );
    return;
  }
  const decided = learned.options.filter((o) => o.value !== null);
  yield '';
  for (const o of decided) {
    const first = `${isOther(o) ? '*' : ' '} ${o.option.padEnd(21)}${o.value} `;
    yield* wrap(`(${o.says}${pcOf(o.pc)}${servedOf(o.served)})`, width, INDENT, first);
  }
  const open = learned.options.filter((o) => o.value === null);
  if (open.length > 0) yield* ['', 'Undecided:'];
  for (const o of open) yield* wrap(o.says, width, INDENT, `  ${o.option.padEnd(21)}`);
  yield '';
  const other = decided.filter(isOther);
  if (other.length === 0) yield `${decided.length} options decided; the stand-in has the same values.`;
  else {
    yield `${decided.length} options decided; * = the stand-in has another value:`;
    for (const o of other) yield `  ${o.option.padEnd(21)}${o.standIn} (${o.confidence})`;
  }
}

const documentOf = ({ chip, rom, sha256, plain, control, options }: Learned): object => ({
  schema: 'bootbench/rom-learn@1',
  version: VERSION,
  chip,
  romId: rom,
  romSha256: sha256,
  plain,
  control,
  options: options.map(({ option, value, says, pc, served, standIn, confidence }) => ({
    option,
    value,
    because: says,
    pc: pc === null ? null : `0x${pc.toString(16).padStart(8, '0')}`,
    served,
    standIn: { value: standIn, confidence },
  })),
});

/** One line for each decided option; no bytes of the ROM. */
const evidenceLines = ({ chip, rom, sha256, options }: Learned, now: Date): string[] =>
  options.flatMap(({ option, value }) =>
    value === null
      ? []
      : [
          `${JSON.stringify({
            schema: 'bootbench/evidence@1',
            chip,
            dbgmcu: null,
            romId: rom,
            romSha256: sha256,
            option,
            value,
            probe: 'rom learn',
            control: true,
            tries: 1,
            debugger: null,
            at: now.toISOString().slice(0, 10),
            version: VERSION,
            recording: null,
          })}\n`,
        ],
  );
