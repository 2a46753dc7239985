/** `bootbench board dump-rom`: the ROM of a chip as a file, and the hash that its owners share. */
import type { GdbTarget } from '../board/gdb-target.ts';
import { BoardError } from '../board/rsp-client.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { romHash } from '../rom/identity.ts';
import { withBoard, type BoardOptions, type Recording } from './board-common.ts';
import { readRom } from './board-rom.ts';
import { EXIT, type Io } from './io.ts';
import { Outputs } from './outputs.ts';

interface Dumped {
  readonly sha256: string;
  /** Without the part's own words; null: from a record, which has none of its bytes. */
  readonly bytes: Uint8Array | null;
}

export async function boardDumpCommand(file: string, options: BoardOptions, io: Io): Promise<number> {
  const outputs = new Outputs([{ option: 'the dump', path: file }], io.cwd);
  try {
    const dumped = await withBoard({ action: 'dump-rom', options: {} }, options, io, (target, chip, { note }) =>
      dumpedOn(target, chip, note),
    );
    outputs.write('the dump', dumped.bytes!);
    return dumpText(dumped, file, io);
  } finally {
    outputs.discard();
  }
}
/** Reads a board, or of a record what was noted. */
export async function dumpedOn(target: GdbTarget, chip: ChipDescription, note: Recording['note']): Promise<Dumped> {
  const profile = romProfileIfAny(chip);
  if (profile === null) throw new UsageError(`the address of the ROM of ${chip.name} is not known`);
  let bytes: Uint8Array | null = null;
  const words = await note(async () => {
    bytes = await readRom(target, chip, profile);
    if (bytes === null)
      throw new BoardError(
        'the ROM could not be read as a whole, or all of its bytes are the same: is the board connected, and is read-out protection off?',
      );
    return `rom ${romHash(chip, profile, bytes)}`;
  });
  const sha256 = /^rom ([0-9a-f]{64})$/.exec(words)?.[1];
  if (sha256 === undefined) throw new BoardError(`the record says ${JSON.stringify(words)} where it should have the ROM's hash`);
  return { sha256, bytes };
}
export function dumpText({ sha256, bytes }: Dumped, file: string | null, io: Io): number {
  io.stdout.write(`SHA-256 ${sha256}\n`);
  io.stderr.write(
    bytes === null || file === null
      ? 'A record has the hash of the ROM, and none of its bytes.\n'
      : `${file}: ${bytes.length} bytes, without the unique ID and the flash size of this part; the hash leaves out the bootloader ID too. ` +
          "This is ST's code: use it with --rom on your machine, and do not publish it.\n",
  );
  return EXIT.ok;
}
