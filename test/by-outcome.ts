/** Lines `case: outcome` as one line an outcome, with its cases: what a person compares is which cases end alike. Cases that count up are told as first to last. */
export function byOutcome(lines: Iterable<string>): string[] {
  const cases = new Map<string, string[]>();
  for (const line of lines) {
    const at = line.indexOf(': ');
    const [name, outcome] = at < 0 ? ['', line] : [line.slice(0, at), line.slice(at + 2)];
    cases.set(outcome, [...(cases.get(outcome) ?? []), name]);
  }
  return [...cases].map(([outcome, names]) => `${outcome} | ${series(names).join(', ')}`);
}
/** Names that differ in one number which counts up by one, and in nothing else, are one. */
function series(names: readonly string[]): string[] {
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run && isNext(run.at(-1)!, name)) run.push(name);
    else runs.push([name]);
  }
  return runs.flatMap((run) => (run.length < 3 ? run : [`${run[0]!} … ${run.at(-1)!}`]));
}
function isNext(before: string, name: string): boolean {
  const [a, b] = [before, name].map((text) => text.split(/(\d+)/));
  const other = a!.flatMap((part, i) => (part === b![i] ? [] : [i]));
  return a!.length === b!.length && other.length === 1 && other[0]! % 2 === 1 && Number(b![other[0]!]) === Number(a![other[0]!]) + 1;
}
