/** `bootbench explain <id>`: what a check asks, why it matters, how to get it right. */
import { CHECKS } from '../checks/index.ts';
import { CHECK_IDS } from '../bench/result.ts';
import { UsageError, didYouMean } from '../bench/usage-error.ts';
import { wrap } from '../report/text.ts';
import { EXIT, paintFor, type Io } from './io.ts';

export function explainCommand(id: string, io: Io): number {
  const known: readonly string[] = CHECK_IDS;
  const name = id.toLowerCase();
  if (!known.includes(name)) {
    throw new UsageError(`there is no check ${JSON.stringify(id)}`, didYouMean(id, known) ?? `the ids are ${known.join(', ')}`);
  }
  const paint = paintFor(io, io.stdout, true);
  const width = Math.max(40, Math.min(io.stdout.columns, 100));
  const check = CHECKS.find((c) => c.id === name);
  if (check === undefined) {
    io.stdout.write(`${paint('bold', name)}: not checked in this version; results give it as "unknown".\n`);
    return EXIT.ok;
  }
  const paragraphs = check.explanation.split(/\n\n+/).map((text) => wrap(text, width).join('\n'));
  io.stdout.write(`${paint('bold', name)}: ${check.question}\n\n${paragraphs.join('\n\n')}\n`);
  return EXIT.ok;
}
