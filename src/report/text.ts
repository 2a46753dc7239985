/** Text for terminals: colour that can be off, and wrapping that knows that colour takes no room. Here sentences become strings, and nowhere else. */
import type { SafeText } from '../bench/documents/safe-text.ts';
import type { Sentence } from '../bench/documents/sentence.ts';
import { asSeen } from '../image/unseen.ts';

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;
export type Style = keyof typeof CODES;
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const ansi: Paint = (style, text) => (text === '' ? '' : `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m`);

/**
 * Characters of firmware output and file names that nobody sees never reach the terminal as such: a serial log could otherwise repaint the report, a direction override
 * show it in another order, and a line separator begin a line of its own.
 */
export const printable = (text: Sentence): string => asSeen(String(text));
/** Colours of this program, which pass; whatever else a terminal would obey does not. */
const OWN_COLOURS = new Set(Object.values(CODES).flatMap((pair) => pair.map((code) => `\u001b[${code}m`)));
const COLOURED = /(\u001b\[\d+m)/;

/**
 * Text on its way to a terminal or to the log of a CI runner, which obeys what stands in it: GitHub lines that begin with `::` (blanks in front do not matter) and `##[` anywhere,
 * Azure `##vso[`, TeamCity `##teamcity[`, GitLab `section_start:`. Whoever wrote the text, a firmware or a scenario, is not the one who gives commands here.
 * @param inLine the line has begun already, with more than blanks
 */
export function spoken(text: string, inLine = false): SafeText {
  const shown = text
    .split(COLOURED)
    .map((part) => (OWN_COLOURS.has(part) ? part : printable(part)))
    .join('');
  const defused = shown
    .replace(/##(?=\w*\[)/g, '#\\x23')
    .replace(/section_(start|end):(?=\d)/g, 'section_$1\\x3a')
    .replace(/^((?:[^\S\n]|\u001b\[\d+m)*):(?=:)/gm, '$1\\x3a');
  // the first line is none that begins here
  return (inLine && /^(?:[^\S\n]|\u001b\[\d+m)*::/.test(shown) ? defused.replace('\\x3a', ':') : defused) as SafeText;
}
/** The same for a document that a log shows as well: it has no colours, so that none of them is of this program. */
export const spokenPlain = (text: string): SafeText => spoken(printable(text));
/** Whether the line that a text ends with holds more than blanks. */
export function endsInLine(text: string, before: boolean): boolean {
  const newline = text.lastIndexOf('\n');
  const last = text.slice(newline + 1).replace(ESCAPES, '');
  return (newline < 0 && before) || last.trim() !== '';
}

/** A name that stays on its line. */
export const printableName = (name: string): string => printable(name).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\x0a' : '\\x09'));

/** Lines as a terminal shows them: what a serial console sends ends with CR and LF. */
const linesOf = (text: string): string[] => text.split('\n').map((line) => line.replace(/\r+$/, ''));

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g;
/** From this share of control characters on, what a port sends is a protocol's and no text. */
const BINARY_SHARE = 0.25;
const WORDS = /[\x20-\x7e]{8,}/g;
const LONGEST_LINE = 240;
const BYTES_SHOWN = 8;
/** What a port sent, as lines that a person can read: a binary protocol is told in one, and what has no end of line for long is cut. */
export function consoleText(sent: string): string[] {
  // a buffer that is sent whole is filled up with zeros, of which a terminal shows nothing
  const text = sent.search(WORDS) >= 0 ? sent.replaceAll('\0', '') : sent;
  if ((text.match(CONTROLS)?.length ?? 0) > text.length * BINARY_SHARE) {
    const bytes = Array.from(sent.slice(0, BYTES_SHOWN), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
    const words = longestWords(sent);
    return [
      `${sent.length} binary ${sent.length === 1 ? 'byte' : 'bytes'}: ${bytes}${sent.length > BYTES_SHOWN ? ' …' : ''}`,
      ...(words === '' ? [] : [`the longest text in them: ${cut(words)}`]),
    ];
  }
  return linesOf(text).map(cut);
}
const cut = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);
/** What is printable in a row, with no end of a line; the first of those that are as long. */
function longestWords(sent: string): string {
  const rows = sent.match(WORDS) ?? [];
  return rows.reduce((longest, row) => (row.trim().length > longest.length ? row.trim() : longest), '');
}

const ESCAPES = /\u001b\[\d+m/g;
export const visibleLength = (text: string): number => text.replace(ESCAPES, '').length;

/** Words of `text` in lines of at most `width`, each begun with `indent`. A word longer than the line keeps its own. */
export function wrap(text: string, width: number, indent = '', firstIndent = indent): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = lines.length === 0 ? firstIndent : indent;
    let empty = true;
    for (const word of paragraph.split(/\s+/).filter((w) => w !== '')) {
      if (!empty && visibleLength(line) + 1 + visibleLength(word) > width) {
        lines.push(line);
        line = indent;
        empty = true;
      }
      line += empty ? word : ` ${word}`;
      empty = false;
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

/** `0.412345678` → `412.3 ms`; for people only. */
export function humanTime(seconds: string): string {
  const s = Number(seconds);
  if (s >= 1) return `${trimZeros(s.toFixed(3))} s`;
  if (s >= 0.001) return `${trimZeros((s * 1e3).toFixed(1))} ms`;
  return s === 0 ? '0 s' : `${trimZeros((s * 1e6).toFixed(1))} µs`;
}

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** With a capital at the beginning. */
export const sentence = (text: Sentence): string => `${String(text).slice(0, 1).toUpperCase()}${String(text).slice(1)}`;
/** As a sentence with its full stop; a file name or a function at its beginning keeps its case. */
export function whole(text: Sentence): string {
  const said = String(text);
  return `${/^\S+[./]\S+:|^\S* \(\S+:\d+\)|^\S*_/.test(said) ? said : sentence(said)}${/[.?!]$/.test(said) ? '' : '.'}`;
}

/** Code in one line. */
export const inOneLine = (code: Sentence): string => String(code).replace(/\s+/g, ' ').trim();

/** Of a report, however wide the terminal is. */
export const widthOf = (columns = 80): number => Math.max(40, Math.min(columns, 120));
