/** docs/compat-table.md: the table of what became of each image, and the figures above it. */
import { modelledPart, PART_MARKS, type CompatImage, type PartMark } from './judge.ts';

export interface Row {
  readonly image: CompatImage;
  readonly mark: PartMark;
  /** The part that was concluded, or why none was. */
  readonly said: string;
  /** `right`, or what was otherwise; null where nothing was to be judged. */
  readonly behaviour: string | null;
  /** CPU seconds. */
  readonly identified: number;
  readonly ran: number;
}

const MEANINGS: Readonly<Record<PartMark, string>> = {
  right: 'right',
  guess: 'right, told as one of several or as a guess',
  asked: 'not concluded, the right one among those that are listed',
  told: 'wrong or none, and told so',
  silent: 'SILENTLY WRONG',
};

export function summary(rows: readonly Row[], absent: number): readonly string[] {
  const count = (mark: PartMark): number => rows.filter((r) => r.mark === mark).length;
  const judged = rows.filter((r) => r.behaviour !== null);
  const right = judged.filter((r) => r.behaviour === 'right').length;
  const percent = (n: number, of: number): string => (of === 0 ? '' : ` (${((100 * n) / of).toFixed(1)} %)`);
  const most = (of: (r: Row) => number): string => Math.max(0, ...rows.map(of)).toFixed(1);
  return [
    `images: ${rows.length} of ${new Set(rows.map((r) => r.image.repository)).size} repositories; ${absent} of the list are not in the folder`,
    ...PART_MARKS.map((mark) => `part ${MEANINGS[mark]}: ${count(mark)}${percent(count(mark), rows.length)}`),
    `behaviour right: ${right} of ${judged.length}${percent(right, judged.length)}`,
    `CPU: identification ${most((r) => r.identified)} s at most, a run ${most((r) => r.ran)} s at most`,
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ').slice(0, 160);
const truth = ({ parts, unmodelled, other }: CompatImage): string =>
  parts?.join(' or ') ?? (unmodelled === undefined ? `no STM32: ${other}` : `${unmodelled}, not modelled`);
const doing = ({ does }: CompatImage): string =>
  does === undefined
    ? ''
    : does.usb !== undefined
      ? `USB ${does.usb}`
      : does.prints !== undefined
        ? `prints “${does.prints}”`
        : does.toggles !== undefined
          ? `toggles ${does.toggles}`
          : 'runs';

function line(row: Row): string {
  const { image, mark, said, behaviour } = row;
  const cells = [
    `${image.repository} \`${image.commit.slice(0, 8)}\`: ${image.path.split('/').slice(-3).join('/')}`,
    image.toolchain,
    truth(image),
    mark === 'right' && modelledPart(image) !== null ? '✓' : mark === 'right' ? `✓ ${said}` : `${mark}: ${said}`,
    doing(image),
    behaviour === null ? '' : behaviour === 'right' ? '✓' : behaviour,
    row.identified.toFixed(2),
    row.ran.toFixed(1),
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

export function compatPage(rows: readonly Row[], absent: number, { virtual, wall }: { virtual: string; wall: string }): string {
  return `# Firmware of other projects

Images that other projects publish, run as they are: \`bootbench run <image>\`, without \`--chip\`, for ${virtual} of virtual time and at most ${wall} of real time. \`docs/compat.json\` lists
repository, commit, path and SHA-256 of each, its part, and what it does, with the file of that repository that says so. The images are not part of this project; fetch them and run
\`npm run compat -- <folder of images> --write\`, which writes this page.

${summary(rows, absent)
  .map((text) => ` - ${text}`)
  .join('\n')}

CPU seconds are of the whole process, the identification and the run with its diagnosis apart.

| image | built with | part | concluded | should | did | CPU s: part | run |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map(line).join('\n')}
`;
}
