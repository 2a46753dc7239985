/** What tools/check-index.ts writes. */
import { readdirSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** From the root of the project: tools and tests run there. */
export const CHECKS_FOLDER = 'src/checks';
const SCHEMA = 'schemas/run-1.schema.json';
const HEAD = '// Made by tools/check-index.ts from the other files of this folder.\n';
const MADE = ['ids.ts', 'index.ts'];

/** Files that may hold checks. */
export const checkFiles = (): string[] => readdirSync(CHECKS_FOLDER).filter((f) => f.endsWith('.ts') && !MADE.includes(f));

interface Found {
  readonly id: string;
  readonly name: string;
  readonly file: string;
}
const isCheck = (x: unknown): x is { readonly id: string } => typeof x === 'object' && x !== null && 'judge' in x && 'question' in x;

/**
 * Text by path.
 * @param modules what the files export, in the order of `checkFiles`.
 * @param known ids in the order of the result so far: the contract keeps it, new ones go to its end.
 * Throws an Error for an id that is there twice, and for one that no check has any more.
 */
export async function checkIndex(
  modules: readonly Readonly<Record<string, unknown>>[],
  known: readonly string[],
): Promise<Record<string, string>> {
  const found = checkFiles().flatMap((file, i) =>
    Object.entries(modules[i]!).flatMap(([name, x]): Found[] => (isCheck(x) ? [{ id: x.id, name, file }] : [])),
  );
  const byId = new Map(found.map((f) => [f.id, f]));
  const twice = found.find((f) => byId.get(f.id) !== f);
  if (twice) throw new Error(`${twice.file}: there is another check ${twice.id}`);
  const lost = known.find((id) => !byId.has(id));
  if (lost !== undefined) throw new Error(`no check has the id ${lost}, which results promise`);
  const ids = [...known, ...[...byId.keys()].filter((id) => !known.includes(id))];

  const imports = checkFiles().flatMap((file) => {
    const names = found.filter((f) => f.file === file).map((f) => f.name);
    return names.length === 0 ? [] : [`import { ${names.sort().join(', ')} } from './${file}';\n`];
  });
  const style = { ...(await resolveConfig(`${CHECKS_FOLDER}/index.ts`)), parser: 'typescript' };
  const list = ids.map((id) => `'${id}',\n`).join('');
  return {
    [`${CHECKS_FOLDER}/ids.ts`]: await format(
      `${HEAD}\n/** In the order of the result. */\nexport const CHECK_IDS = [\n${list}] as const;\n`,
      style,
    ),
    [`${CHECKS_FOLDER}/index.ts`]: await format(
      `${HEAD}import type { Check } from './check.ts';
${imports.join('')}
/** All checks, in the order of the result. */
export const CHECKS: readonly Check[] = [\n${ids.map((id) => `${byId.get(id)!.name},\n`).join('')}];
`,
      style,
    ),
    [SCHEMA]: readFileSync(SCHEMA, 'utf8').replace(
      /(?<="checkId": \{\s+"enum": \[\n)[^\]]*(?=\n\s+\])/,
      ids.map((id) => `        ${JSON.stringify(id)}`).join(',\n'),
    ),
  };
}
