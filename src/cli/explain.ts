/** `bootbench explain [word]`: checks, outcomes, ROM options, causes of reset, fault bits, confidence words. Without a word: all of them. */
import { glossary, TOPICS, type Entry, type Topic } from '../bench/verdict/glossary.ts';
import { dfuEntries } from '../bench/verdict/dfu-words.ts';
import { reportEntries } from '../bench/verdict/report-words.ts';
import { meant } from '../bench/documents/meanings.ts';
import { CHECK_IDS } from '../bench/documents/result.ts';
import { UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import { CHECKS } from '../checks/index.ts';
import { pad, printable, wrap } from '../report/text.ts';
import { EXIT, paintFor, type Io } from './io.ts';

/** All words, the checks first. */
export const explained = (): readonly Entry[] => [...checkEntries(), ...glossary(), ...dfuEntries(), ...reportEntries()];

/** A word of several topics is explained in all of them. */
export function explainCommand(word: string | undefined, io: Io): number {
  const all = explained();
  const width = Math.max(40, Math.min(io.stdout.columns, 100));
  const paint = paintFor(io, io.stdout, true);
  if (word === undefined) {
    io.stdout.write(TOPICS.map((topic) => listOf(topic, all, width, paint('bold', plural(topic)))).join('\n'));
    return EXIT.ok;
  }
  const wanted = word.trim().toLowerCase();
  // GETSTATUS is said as often as DFU_GETSTATUS
  const asked = (words: readonly string[]): readonly Entry[] => all.filter(({ id }) => words.includes(id.toLowerCase()));
  const exact = asked([wanted, `dfu_${wanted}`]);
  // of several of a kind, such as NVIC_ISER1
  const found = exact.length > 0 ? exact : asked([wanted.replace(/\d+$/, '')]);
  if (found.length === 0) throw unknown(word, all);
  const texts = found.map(({ topic, id, title, text }) => {
    const paragraphs = text.map((paragraph) => wrap(paragraph, width).join('\n'));
    return `${paint('bold', id)}${topic === 'check' ? '' : ` (${topic})`}: ${title}\n\n${paragraphs.join('\n\n')}\n`;
  });
  io.stdout.write(texts.join('\n'));
  return EXIT.ok;
}

const PLURALS: Readonly<Record<Topic, string>> = {
  check: 'Checks',
  cause: 'Causes that no check names',
  outcome: 'Outcomes',
  'ROM option': 'ROM options (--rom-option)',
  'cause of reset': 'Causes of reset',
  fault: 'Fault bits',
  confidence: 'Confidence of a fact',
  symptom: 'Symptoms (--symptom)',
  'DFU state': 'States of DFU',
  'DFU error': 'bStatus of DFU',
  DFU: 'Requests and fields of DFU',
  'DFU dialect': 'Dialects of DFU devices',
  'requirement of conform': 'Requirements (bootbench conform)',
  'line of a report': 'Lines of a report',
  'word of a report': 'Words of a report',
  'verdict of a check': 'Verdicts of a check',
  'step behind DFU': 'Steps of a host behind DFU',
  'result of a step': 'Results of a step',
  'key of expect': 'What a scenario expects (expect)',
  goal: 'Goals (--goal)',
  'register of the core': 'Registers of the core',
};
const plural = (topic: Topic): string => PLURALS[topic];

function listOf(topic: Topic, all: readonly Entry[], width: number, head: string): string {
  const own = all.filter((e) => e.topic === topic);
  const column = Math.max(...own.map((e) => e.id.length)) + 4;
  const rows = own.flatMap(({ id, title }) => {
    const [first = '', ...rest] = wrap(title, width, ' '.repeat(column));
    return [`${pad(`  ${id}`, column)}${first.slice(column)}`, ...rest];
  });
  return `${head}\n${rows.join('\n')}\n`;
}

const checkEntries = (): Entry[] =>
  CHECK_IDS.map((id) => {
    const check = CHECKS.find((c) => c.id === id);
    return check === undefined
      ? { topic: 'check', id, title: 'not checked in this version', text: ['In results its verdict is "unknown".'] }
      : { topic: 'check', id, title: check.question, text: check.explanation.split(/\n\n+/) };
  });

/** Near by letters, else by meaning: `watchdog` is `iwdg`. */
function unknown(word: string, all: readonly Entry[]): UsageError {
  const near = meant(
    word,
    all.map((e) => e.id),
  );
  const hint =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : (didYouMean(word, new Set(all.map((e) => e.id))) ?? '`bootbench explain` lists all words');
  return new UsageError(`there is no explanation for ${JSON.stringify(printable(word))}`, hint);
}
