/**
 * The fixes of a result as a patch of the user's sources: a unified diff for `patch -p1`. A repair of the state at the entry goes right before the jump; a repair
 * of a write replaces that write. A fix that is not a simple statement, or whose file is not found, is reported instead of guessed.
 */
import { formatPatch, structuredPatch } from 'diff';
import { firstSet, proofOf } from '../bench/documents/proved.ts';
import type { Place, ResultCause, RunResult } from '../bench/documents/result.ts';
import {
  aboveOldCode,
  DECLARED,
  IN_FUNCTION,
  isRemark,
  keptDeclaration,
  LEAVE_HANDLER,
  offersMainLoop,
  partsOf,
  type Part,
} from '../checks/fix-in-c.ts';
import { redirectedTables, type RedirectedTables } from '../checks/entry-address.ts';
import { findChip } from '../chips/index.ts';
import { isVendorFile } from '../image/vendor.ts';
import { factsIn } from '../bench/documents/note-facts.ts';
import type { CodeLine } from './story/facts.ts';
import { inAddresses } from './in-addresses.ts';
import { inAssembler } from './in-assembler.ts';
import { inOneLine } from './text.ts';
import { applied, code, isCpp, jumps, type Edit } from './patch/edit.ts';
import { laidOut } from './patch/layout.ts';
import { inCpp, inStyle } from './patch/style.ts';
import { saidOnce } from './patch/once.ts';
import { underOneName, type NamedSources } from './patch/one-name.ts';
import { fixOfScript } from './patch/section.ts';
import { declarations, mainIn, throughMainLoop } from './patch/main-loop.ts';
import { keptByCubeMx, writtenAgain } from './patch/user-code.ts';
import { declaresHal, namesKnownIn } from './known-names.ts';
import type { PatchHome, SourceFile, Sources } from './source-lines.ts';

export interface Patch {
  /** Unified diff; empty if no fix can be applied. */
  readonly text: string;
  /** The same as data. */
  readonly hunks: readonly Hunk[];
  /** Causes whose fix is in it, as `labelOf` names them: of two differences of the state one may be in it. */
  readonly causes: readonly string[];
  /** Fixes that are not in the patch, and why: one sentence each. */
  readonly left: readonly string[];
  /** What the changed files need in addition to compile, or before it applies: one sentence each. */
  readonly needs: readonly string[];
  /** What applies it from `fix.diff`, typed where the user stands; empty if there is nothing to apply. */
  readonly command: string;
  /** The changed files as a whole. */
  readonly files: readonly PatchedFile[];
}

export interface PatchedFile {
  /** As results name it. */
  readonly name: string;
  /** As the patch names it. */
  readonly path: string;
  /** Both as a whole: the file that the patch was made from, and what it becomes. */
  readonly before: string;
  readonly after: string;
  /** The image is older, so that line numbers may be off. */
  readonly newer: boolean;
}

interface Hunk {
  /** As results name it. */
  readonly name: string;
  /** As the user names it. */
  readonly file: string;
  /** The first line that changes. */
  readonly line: number;
  readonly changed: readonly CodeLine[];
}

export function patchOf(result: RunResult, found: Sources): Patch {
  const sources = underOneName(result, found);
  const causes = toMend(result);
  const left: string[] = [];
  const edits: Edit[] = [];
  for (const cause of causes) {
    const script = fixOfScript(cause, sources);
    if (script !== null) {
      left.push(`${labelOf(cause)}: ${inOneLine(script)}`);
      continue;
    }
    const corrected = addressEdits(cause, sources);
    const edit = corrected.length > 0 ? corrected : (movedOut(result, cause, sources) ?? editsOf(result, causes, cause, sources));
    if (typeof edit === 'string') left.push(`${labelOf(cause)}: ${edit}`);
    else {
      edits.push(...edit);
      left.push(...besides(cause).map((rest) => `${labelOf(cause)}: ${rest}`));
    }
  }
  return patchFrom(edits, left, sources);
}

/** What is mended in one go: what a success hangs on by luck, and the causes of the first set. */
export function toMend(result: RunResult): readonly ResultCause[] {
  const proof = proofOf(result);
  const causes = proof === null ? [] : firstSet(proof);
  const byLuck = [...factsIn(result.notes, 'late-interrupt'), ...factsIn(result.notes, 'unfed-watchdog')].flatMap(({ fixes }) => fixes);
  const unclocked = factsIn(result.notes, 'unclocked-write');
  return [
    ...unclocked.map(({ enable, fix, by }): ResultCause => ({
      ...BY_LUCK,
      id: 'state',
      what: enable,
      fix,
      lastWriter: { ...by, kind: 'cpu' },
    })),
    ...byLuck
      .filter(({ id }) => !causes.some((cause) => cause.id === id))
      .map(({ id, fix }): ResultCause => ({ ...BY_LUCK, id, at: 'entry', fix })),
    ...causes,
  ];
}
const BY_LUCK = { proved: true, at: null, repair: null, outcomeAfterRepair: 'dfu', dependsOn: [], lastWriter: null, explanation: '' } as const; // prettier-ignore

/** A difference of the state has no name but its register. */
export const labelOf = ({ id, what }: ResultCause): string => (id === 'state' || id === 'image' ? (what ?? id) : id);

/** A jump that an interrupt makes, made by the main loop; null where that is not the cause, or the text does not show how. */
function movedOut({ entries }: RunResult, cause: ResultCause, sources: NamedSources): Edit[] | null {
  const { id, fix, lastWriter } = cause;
  // where another cause kept it from its entry, the jump itself
  const from = entries.at(-1)?.from ?? (id === 'handler-mode' ? lastWriter : null);
  if (
    fix === null ||
    !(fix === LEAVE_HANDLER || (id === 'handler-mode' && offersMainLoop(fix))) ||
    from?.file == null ||
    from.line === null
  )
    return null;
  const moved = throughMainLoop(labelOf(cause), { file: sources.nameOf(from.file), line: from.line }, sources);
  return typeof moved === 'string' ? null : moved;
}

/** A fix is applied completely or not at all: a function without its call is useless. */
function patchFrom(edits: readonly Edit[], left: readonly string[], sources: Sources): Patch {
  const { refused: why, ...patch } = tryPatch(edits, left, sources);
  const refused = patch.causes.filter((cause) => why.has(cause));
  if (refused.length === 0) return patch;
  const rest = (cause: string): string =>
    edits.flatMap((e) => (e.cause === cause && !why.get(cause)!.includes(e.code.join(' ')) ? e.code : [])).join(' ');
  const told = refused.map((cause) => `${cause}: ${why.get(cause)!}${rest(cause) === '' ? '' : `; with it: ${rest(cause)}`}`);
  return patchFrom(
    edits.filter((e) => !refused.includes(e.cause)),
    [...left, ...told],
    sources,
  );
}

function tryPatch(
  edits: readonly Edit[],
  before: readonly string[],
  sources: Sources,
): Patch & { readonly refused: ReadonlyMap<string, string> } {
  const left = [...before];
  const refused = new Map<string, string>();
  const refuse = (cause: string, why: string): void => {
    left.push(`${cause}: ${why}`);
    refused.set(cause, why);
  };
  let text = '';
  let home: PatchHome | null = null;
  const hunks: Hunk[] = [];
  const files: PatchedFile[] = [];
  const needs: string[] = [];
  const done = new Set<string>();
  for (const file of new Set(edits.map((e) => e.file))) {
    const own = edits.filter((e) => e.file === file);
    const found = sources(file);
    const why = whyLeftOut(file, found, sources, home);
    if (found === null || why !== null) {
      for (const { cause } of own) refuse(cause, `${file} ${why!}`);
      continue;
    }
    if (found.newer)
      needs.push(
        `${found.elsewhere ? file : found.path} was changed after the image was built: build it again first, or line numbers may be wrong`,
      );
    const placed = saidOnce(withoutTwins(own).map((edit, _, all) => keptByCubeMx(found.lines, edit, all)));
    const changed = applied(found.lines, placed, refuse, done);
    if (changed === null) continue;
    const again = writtenAgain(
      found.lines,
      placed.filter((e) => done.has(e.cause)),
    );
    if (again.length > 0)
      needs.push(
        `${found.path}:${again.join(', ')} ${again.length > 1 ? 'are' : 'is'} outside of USER CODE: STM32CubeMX drops the change when it generates the file again`,
      );
    for (const edit of edits) if (edits.some((e) => done.has(e.cause) && isTwin(edit, e))) done.add(edit.cause);
    const at = homeOf(found);
    home ??= at;
    const unknown = namesWithoutHeader(found.lines, changed, namesKnownIn(file, sources));
    if (unknown.length > 0)
      needs.push(`${found.path} includes no header that defines ${unknown.join(', ')}: include the CMSIS device header of your chip`);
    const [before, after] = [found.lines, asItsLinesEnd(changed, found.lines)].map((lines) => lines.join('\n')) as [string, string];
    const made = structuredPatch(`a/${at.path}`, `b/${at.path}`, before, after, '', '', { context: 3 });
    text += diffText(formatPatch(made), at.path);
    hunks.push(...made.hunks.flatMap(changesOf).map((changes) => ({ name: file, file: found.elsewhere ? file : found.path, ...changes })));
    files.push({ name: file, path: at.path, before, after, newer: found.newer });
  }
  return { text, hunks, causes: [...done], left, needs, command: home === null ? '' : commandOf(home), files, refused };
}

const whyLeftOut = (file: string, found: SourceFile | null, sources: Sources, home: PatchHome | null): string | null =>
  found === null ? whyMissing(file, sources) : whyUnpatched(found, home);
function whyMissing(file: string, sources: Sources): string {
  const why = sources.leftOut?.(file) ?? null;
  return why === null ? 'was not found beside the image' : `is left out: ${why}`;
}
/** Why a file cannot be in a patch that begins at that folder. */
function whyUnpatched(found: SourceFile, home: PatchHome | null): string | null {
  if (found.lines.some((line) => line.includes('\ufffd'))) return 'is not written in UTF-8';
  return home !== null && home.at !== homeOf(found).at ? 'lies in another repository' : null;
}
const homeOf = ({ home, path }: SourceFile): PatchHome => home ?? { path, at: '', git: false };
/** `git apply` leaves out what does not lie below the folder that it is called in, so it is called in the root. */
function commandOf({ at, git }: PatchHome): string {
  const folder = /^[\w./:@+-]*$/.test(at) ? at : `'${at.replaceAll("'", "'\\''")}'`;
  if (at === '') return git ? 'git apply fix.diff' : 'patch -p1 < fix.diff';
  return git ? `git -C ${folder} apply < fix.diff` : `patch -d ${folder} -p1 < fix.diff`;
}
/** Both programs read a name with a space in it up to a tab. */
function diffText(formatted: string, path: string): string {
  const [old, own, ...rest] = formatted.replace(/^=+\n/, '').split('\n');
  const end = path.includes(' ') ? '\t' : '';
  return [...[old!, own!].map((name) => name.trimEnd() + end), ...rest].join('\n');
}
/** New lines end as the file's do. */
function asItsLinesEnd(changed: readonly string[], lines: readonly string[]): readonly string[] {
  const old = new Set(lines);
  return lines[0]?.endsWith('\r') === true ? changed.map((line) => (old.has(line) || line.endsWith('\r') ? line : `${line}\r`)) : changed;
}

/** Lines that change side by side, each with the line of the old file where they do. */
function changesOf({
  oldStart,
  lines,
}: {
  readonly oldStart: number;
  readonly lines: readonly string[];
}): Pick<Hunk, 'line' | 'changed'>[] {
  const found: { line: number; changed: CodeLine[] }[] = [];
  let line = oldStart;
  let goesOn = false;
  for (const text of lines) {
    const [mark] = text;
    const isChange = mark === '+' || mark === '-';
    if (isChange && !goesOn) found.push({ line, changed: [] });
    if (isChange) found.at(-1)!.changed.push({ mark, text: text.slice(1) });
    if (mark !== '+') line++;
    goesOn = isChange;
  }
  return found;
}

/** Names that CMSIS and ST's device headers have. */
const CMSIS = /\b(?:NVIC_\w+|SCB_\w+|__(?:enable|disable|set|get)_\w+|__[DI][MS]B)(?=\()|\b[A-Z][A-Za-z0-9]*(?=->)/g;
/** CMSIS names in the new lines that the file does not know. */
function namesWithoutHeader(before: readonly string[], after: readonly string[], knows: (name: string) => boolean): string[] {
  const old = new Set(before);
  const added = after.filter((line) => !old.has(line)).map((line) => line.replace(/\/\*.*?\*\/|\/\/.*/g, ''));
  const names = added.flatMap((line) => line.match(CMSIS) ?? []);
  return [...new Set(names)].filter((name) => !knows(name));
}

/** Behind a cause that is not mended yet, the jump was not seen. */
const noPlace = ({ entries }: RunResult, { lastWriter }: ResultCause): string =>
  entries.length === 0 && lastWriter?.line != null
    ? 'its place is the jump, to which this run did not come: mend what is in front of it, then look again'
    : 'the image has no source line for this place';
/** The edits for the fix of a cause, or the reason why there are none. */
// eslint-disable-next-line complexity -- one case for each reason why a part has no place
function editsOf(result: RunResult, causes: readonly ResultCause[], cause: ResultCause, sources: NamedSources): Edit[] | string {
  const { id, fix, at } = cause;
  const parts = fix === null ? [] : partsOf(fix);
  const isOutside = id === 'board' || id === 'host';
  if (isOutside && parts.every(isRemark)) return 'no change in this program repairs it';
  if (fix === null) return 'no line of code is known that repairs it';
  if (parts.every(isRemark)) return `how is yours to decide: ${inOneLine(fix)}`;
  const advice = `not a change of a single line: ${inOneLine(fix)}`;
  const way = wayOf(result, causes, sources);
  const edits: Edit[] = [];
  const declares = parts.some(({ code: lines }) => lines.some((text) => text.includes('__attribute__')));
  for (const part of parts) {
    if (isNewWord(part)) continue;
    if ((part.goes === null && declares) || (part.goes === 'clears' && callIn(part) === null)) return advice;
    const main = part.goes === 'main' || part.goes === 'init' ? mainIn(sources) : null;
    const place =
      main !== null
        ? { file: main.file, line: main.from + 1 }
        : part.goes === 'declaration'
          ? declarationIn(result, part, sources)
          : (callIn(part) ?? placeFor(part, cause, way));
    if (place?.file == null || place.line === null) return part.goes === 'declaration' ? advice : noPlace(result, cause);
    if (isVendorFile(place.file))
      return `${place.file}:${place.line} is the vendor's, and the next update takes it back: ${inOneLine(fix)}`;
    const instructions = isAssembly(place.file) ? instructionsOf(part, at) : undefined;
    if (instructions === null) return `${place.file} is assembly; as C: ${inOneLine(fix)}`;
    const found = sources(place.file);
    if (found === null) return `${place.file} ${whyMissing(place.file, sources)}`;
    const file = sources.nameOf(place.file);
    if (instructions !== undefined) {
      edits.push({ cause: labelOf(cause), file, line: place.line, how: 'instructions', code: instructions });
      continue;
    }
    const written = cause.lastWriter?.file != null && sources.nameOf(cause.lastWriter.file) === file ? (cause.lastWriter.line ?? 0) : 0;
    const put = placeOf(part, place.line, found.lines, at === 'before-write', written);
    if (put === null) return advice;
    const undeclared = part.code.flatMap((text) => /^HAL_\w+(?=\()/.exec(text)?.[0] ?? [])[0];
    if (undeclared !== undefined && !declaresHal(file, sources)) return `${file} includes no header that declares ${undeclared}()`;
    const lines =
      part.goes === 'declaration'
        ? [keptDeclaration(found.lines[put.line - 1]!)]
        : inNamesOf(file, aboveOldCode(part.code), result, sources);
    edits.push({ cause: labelOf(cause), file, ...put, code: lines });
  }
  return edits.length === 0 ? advice : inTwoFiles(edits, result, sources);
}
/** A word without a name needs one wherever it is used, which is more than one line. */
const isNewWord = ({ goes }: Part): boolean => goes === 'word';
/** What is left to do of a fix of which the rest is in the patch. */
const besides = ({ fix }: ResultCause): readonly string[] =>
  (fix === null ? [] : partsOf(fix))
    .filter(isNewWord)
    .map(({ remark, code: lines }) => `with it, in place of the word ${remark}: ${inOneLine(lines.join(' '))}`);

const REQUEST = /^(.*)\bstatic (volatile .*\b(dfu_request\w*);)$/;
/** What main() asks after a reset is declared where it is set, and told to main() where that is in another file. */
function inTwoFiles(edits: readonly Edit[], result: RunResult, sources: Sources): Edit[] {
  const declared = edits.find(({ code: lines }) => lines.some((text) => REQUEST.test(text)));
  const name = declared?.code.map((text) => REQUEST.exec(text)?.[3]).find((found) => found !== undefined);
  const other = edits.find((e) => e.file !== declared?.file && e.code.some((text) => /\bdfu_request\w*/.exec(text)?.[0] === name));
  const line = declared && other ? declarations(other.file, sources) : null;
  if (declared === undefined || other === undefined || line === null) return [...edits];
  const shared = declared.code.map((text) => text.replace(REQUEST, '$1$2'));
  const code = inNamesOf(other.file, [`extern volatile uint32_t ${name};`], result, sources);
  return [
    ...edits.map((e) => (e === declared ? { ...e, code: shared } : e)),
    { cause: other.cause, file: other.file, line, how: 'below', code },
  ];
}

/** The code in the style of the file, with addresses in place of CMSIS names that it does not know, where that is possible. */
function inNamesOf(file: string, code: readonly string[], { chip }: RunResult, sources: Sources): readonly string[] {
  const description = findChip(chip);
  const lines = sources(file)?.lines ?? [];
  const knows = namesKnownIn(file, sources);
  const styled = laidOut(inStyle(lines, linesByName(code, sources, knows), knows));
  const known = (description && inAddresses(styled, description, knows)) ?? styled;
  return laidOut(isCpp(file) ? known.map(inCpp) : known);
}

/** `TIM2_IRQn` in place of its number, where the program's sources call the line so. */
function linesByName(code: readonly string[], sources: Sources, knows: (name: string) => boolean): readonly string[] {
  const isCalled = (name: string): boolean => {
    const word = new RegExp(`\\b${name}\\b`);
    return knows(name) && (sources.codeFiles?.() ?? []).some((file) => sources(file)?.lines.some((text) => word.test(text)) === true);
  };
  return code.map((text) =>
    text.replace(/\(IRQn_Type\)(\d+)(?=\);(?:\s*\/\* (\w+)\b)?)/, (typed, line: string, block: string | undefined) => {
      const names = [...(block === undefined ? [] : [`${block}_IRQn`]), ...(sources.lineNames?.(Number(line)) ?? [])];
      const called = [...new Set(names)].filter(isCalled);
      return called.length === 1 ? called[0]! : typed;
    }),
  );
}

/** The fix as assembler instructions; null if it is only possible in C. */
const instructionsOf = ({ goes, code }: Part, at: ResultCause['at']): readonly string[] | null =>
  (goes === null || goes === 'here') && at !== 'before-write' ? inAssembler(code) : null;
const isAssembly = (file: string): boolean => /\.(?:s|asm)$/i.test(file);

/** Whether both edits are the same jump, or one does more at the same place. */
const isTwin = (a: Edit, b: Edit): boolean =>
  a.file === b.file && jumps(a) && (a.code.join('\n') === b.code.join('\n') || (a !== b && a.line === b.line && erases(b)));
const erases = ({ code }: Edit): boolean => code.some((line) => line.startsWith('erase_and_jump('));
/** If several causes are repaired by the same jump, only the first one on the way to the ROM keeps it. */
const withoutTwins = (edits: readonly Edit[]): readonly Edit[] =>
  edits.filter((a, i) => !edits.some((b, k) => isTwin(a, b) && (erases(b) || b.line < a.line || (b.line === a.line && k < i))));

type Line = Pick<Place, 'file' | 'line'>;
/** Lines on the way to the ROM. */
interface Way {
  /** Where the state at the entry is repaired: at the jump, or earlier if the firmware read the vector table from the wrong place. */
  readonly early: Line | null;
  /** A jump to an address without memory. */
  readonly stray: Line | null;
  /** The access that faults, in front of any jump. */
  readonly access: Line | null;
  /** The entry was an exception, so its line is the interrupted one. A fix that prevents the exception goes before the line that moved the vector table. */
  readonly byException: boolean;
  readonly moved: Line | null;
}
// eslint-disable-next-line complexity -- many values may be missing, but there is only one path
function wayOf(result: RunResult, causes: readonly ResultCause[], { nameOf }: NamedSources): Way {
  const entry = result.entries.at(-1);
  // where a repaired run jumps is behind what has to be done in time, as before a watchdog expires
  const repaired = causes.some((c) => c.at === 'entry') ? factsIn(result.notes, 'jumps-at')[0]?.at : undefined;
  const jump = entry?.from ?? repaired ?? null;
  const redirected = causes.find((c) => c.at === 'redirect')?.lastWriter ?? null;
  const before =
    jump?.line == null ||
    (redirected?.file != null && nameOf(redirected.file) === nameOf(jump.file ?? '') && (redirected.line ?? 0) < jump.line);
  return {
    early: redirected?.line != null && before ? redirected : jump,
    stray: factsIn(result.notes, 'fault').find((f) => f.jumped && f.at.file !== null)?.at ?? null,
    // the handler of a fault that stands in the ROM: what it interrupted
    access: factsIn(result.notes, 'fault')[0]?.at ?? (entry?.how === 'exception' ? jump : null),
    byException: entry?.how === 'exception',
    moved: result.checks.find((c) => c.id === 'entry-address')?.lastWriter ?? null,
  };
}
const placeFor = (part: Part, cause: ResultCause, way: Way): Line | null =>
  part.goes === 'access' ? way.access : part.goes === 'jump' ? (way.byException ? way.moved : way.early) : placeAround(part, cause, way);
function placeAround({ goes, code: lines }: Part, { at, lastWriter }: ResultCause, { early, stray, byException, moved }: Way): Line | null {
  if (goes === 'before' || goes === 'after' || (goes === null && at !== 'entry' && at !== 'redirect')) return lastWriter;
  if (goes !== null) return early ?? lastWriter;
  if (!jumps({ code: lines })) return byException ? (moved ?? early) : early;
  return byException ? (lastWriter ?? early) : (early ?? stray ?? lastWriter);
}
/** The declaration of a variable: from the debug data, or from one of the files that the result names. */
function declarationIn({ timeline, resets, entries, diagnosis }: RunResult, part: Part, sources: Sources): Line | null {
  const declared = DECLARED.exec(part.remark);
  if (declared) {
    const line = Number(declared[3]);
    const text = sources(declared[2]!)?.lines[line - 1];
    if (text !== undefined && declares(declared[1]!).test(code(text))) return { file: declared[2]!, line };
  }
  const named = [...diagnosis.causes.map((c) => c.lastWriter), ...entries.map((e) => e.from), ...resets.map((r) => r.from), ...timeline];
  const files = new Set(named.flatMap((p) => p?.file ?? []));
  for (const file of files) {
    const lines = sources(file)?.lines;
    const put = lines && placeOf(part, 1, lines, false);
    if (put) return { file, line: put.line };
  }
  return null;
}

/**
 * The place of a part, relative to the line of the jump or the cause; null if the file does not show it.
 *
 * @param written line that wrote what is repaired
 */
// eslint-disable-next-line complexity -- one case for each place
function placeOf(
  { goes, remark, code: fix }: Part,
  line: number,
  lines: readonly string[],
  ofWrite: boolean,
  written = 0,
): Pick<Edit, 'line' | 'how'> | null {
  const at = (index: number, how: Edit['how']): Pick<Edit, 'line' | 'how'> | null => (index < 0 ? null : { line: index + 1, how });
  switch (goes) {
    case null:
      return ofWrite ? { line, how: 'statement' } : { line: beforeStack(lines, line, fix, written), how: 'before' };
    case 'before':
    case 'after':
      return { line, how: goes };
    case 'clears':
      return { line, how: 'before' };
    case 'called':
      return at(INITS.test(code(lines[line - 1] ?? '')) ? line - 1 : -1, 'below');
    case 'here':
    case 'access':
    case 'jump':
      return { line, how: 'before' };
    case 'word':
      return null;
    case 'file':
      // a handler that may already exist needs more than one line
      return remark.startsWith(', in ')
        ? at(
            lines.findLastIndex((text) => /^\s*#\s*include\b/.test(text)),
            'below',
          )
        : null;
    case 'main':
    case 'init': {
      const main = lines.findIndex((text) => /^(?:int|void)\s+main\s*\([^;]*$/.test(code(text)));
      const from = (is: (text: string) => boolean): number => lines.findIndex((text, i) => i >= main && is(code(text)));
      const init = goes === 'init' ? from((text) => INITS.test(text)) : -1;
      if (main < 0) return null;
      return at(goes === 'init' ? init : from((text) => text.endsWith('{')), 'below');
    }
    case 'unmask':
      return at(
        lines.findLastIndex((text, i) => i < line && UNMASKS.test(code(text))),
        'before',
      );
    case 'declaration': {
      const name = /^of (\w+)/.exec(remark)?.[1] ?? '';
      // the line that was asked for, or the first one
      const own = declares(name).test(code(lines[line - 1] ?? ''));
      return at(own ? line - 1 : lines.findIndex((text) => declares(name).test(code(text))), 'line');
    }
  }
}
/**
 * A line above that gives the ROM its stack on the way to the jump, in front of which a fix belongs: what calls or keeps something needs its own. Lines of the NVIC are
 * switched off while interrupts are still masked. What is written on that way is repaired behind its line. Blocks that are closed before the jump are no part of that way, nor
 * are the other branches of the preprocessor's condition in which it stands.
 */
function beforeStack(lines: readonly string[], line: number, fix: readonly string[], written: number): number {
  if (fix.some((text) => SETS_STACK.test(text) || UNMASKS.test(text))) return line;
  const ofNvic = fix.every((text) => /NVIC/.test(text));
  let at = line;
  let closed = 0;
  for (let n = line - 1; n > Math.max(written < line ? written : 0, line - WITHIN); n--) {
    if (/^\s*#\s*el/.test(lines[n - 1] ?? '')) n = conditionOf(lines, n);
    const raw = lines[n - 1] ?? '';
    const text = code(raw);
    // the start of the function
    if (/^\S.*\{$|^\{/.test(raw)) break;
    closed = Math.max(0, closed + occurrences(text, '}') - occurrences(text, '{'));
    if (closed === 0 && !/[{}]/.test(text) && (SETS_STACK.test(text) || (ofNvic && UNMASKS.test(text)))) at = n;
  }
  return at;
}
/** Line of the `#if` whose other branch begins at `line`. */
function conditionOf(lines: readonly string[], line: number): number {
  let depth = 1;
  let n = line;
  while (n > 1 && depth > 0) {
    n--;
    if (/^\s*#\s*endif\b/.test(lines[n - 1]!)) depth++;
    if (/^\s*#\s*if/.test(lines[n - 1]!)) depth--;
  }
  return n;
}
const occurrences = (text: string, of: string): number => text.split(of).length - 1;
const SETS_STACK = /\b__set_(?:MSP|PSP|CONTROL)\s*\(|(?:\b|\\[nt])msr\s+[mp]sp\b/i;
/** No way to a jump is longer. */
const WITHIN = 40;

const INITS = /^(?:\(void\)\s*)?HAL_Init\s*\(\s*\);$/;
/** The call of HAL_Init(), or the store, that the part names. */
function callIn({ goes, remark }: Part): { file: string; line: number } | null {
  const [, file, line] = ((goes === 'called' || goes === 'clears') && IN_FUNCTION.exec(remark)) || [];
  return file === undefined || line === undefined ? null : { file, line: Number(line) };
}

/** Alone: what else a declaration declares would be kept with it, or be lost. */
const declares = (name: string): RegExp => new RegExp(`^[A-Za-z_][^()=,]*\\b${name}\\b(?:\\s*=(?:[^;,(){}]|\\([^;]*\\)|\\{[^;]*\\})*)?;$`);
const UNMASKS = /\b(?:__enable_irq|irq_on)\s*\(|\bcpsie\s+i|\b__set_PRIMASK\s*\(\s*0/;

/**
 * If the wrong address of the vector table is a literal in the blamed file or in a header of its folder, it is corrected there: the rest of the way to the ROM is
 * known to work. No edit if the literal does not occur, or occurs so often that it has other meanings.
 */
function addressEdits(cause: ResultCause, sources: NamedSources): Edit[] {
  const { repair, lastWriter } = cause;
  const tables = repair === null ? null : redirectedTables(repair);
  if (tables === null || lastWriter?.file == null || isVendorFile(lastWriter.file)) return [];
  const { file } = lastWriter;
  const own = linesWith(file, tables, sources);
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  const headers = (sources(file)?.lines ?? []).flatMap((line) => /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1] ?? []);
  const found = own.length > 0 ? own : headers.flatMap((name) => linesWith(`${folder}${name}`, tables, sources));
  return found.length > MOST_ADDRESSES ? [] : found.map((edit) => ({ cause: labelOf(cause), how: 'line', ...edit }));
}
const MOST_ADDRESSES = 4;

function linesWith(file: string, { wrong, right }: RedirectedTables, sources: NamedSources): Pick<Edit, 'file' | 'line' | 'code'>[] {
  return (sources(file)?.lines ?? []).flatMap((old, i) => {
    const end = old.search(/\/[/*]/);
    const text = end < 0 ? old : old.slice(0, end);
    const changed = text.replace(/\b0[xX][0-9a-fA-F]+(?=[uUlL]*\b)/g, (literal) => {
      const offset = Number(literal) - wrong;
      if (offset !== 0 && offset !== 4) return literal;
      const digits = (right + offset).toString(16).padStart(literal.length - 2, '0');
      return literal.slice(0, 2) + (/[A-F]/.test(literal) ? digits.toUpperCase() : digits);
    });
    return changed === text ? [] : [{ file: sources.nameOf(file), line: i + 1, code: [changed + old.slice(text.length)] }];
  });
}
