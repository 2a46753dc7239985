/**
 * Compiles every printed fix into its fixture and runs it: `npm run fixes -- [--only <part of a name>] [--builds all]`. Exit 0: all that could be put in reach DFU.
 * The sample that the test suite makes is in test/fixes/.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BUILDS, gccMissing, provedSet, runFixed } from '../test/fixes/compiled-fix.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, builds: { type: 'string', default: 'one' } } });
if (gccMissing) {
  console.error(gccMissing);
  process.exit(2);
}
const builds = values.builds === 'all' ? BUILDS : [['-Os']];
let right = 0;
let wrong = 0;
const tried = new Set<string>();
for (const name of readdirSync('fixtures').sort()) {
  if (!name.includes(values.only) || !existsSync(`fixtures/${name}/fixture.json`)) continue;
  // without line numbers there is no place to put a fix
  if (readFileSync(`fixtures/${name}/fixture.json`, 'utf8').includes('"-g0"')) continue;
  const proved = await provedSet(name);
  if (!proved) continue;
  for (const build of builds) {
    const { outcome, error, causes } = await runFixed(name, proved.result, proved.causes, build).catch((e: unknown) => ({
      outcome: null,
      error: e instanceof Error ? e.message : String(e),
      causes: proved.causes.map((c) => c.id),
    }));
    for (const id of causes) tried.add(id);
    if (outcome === 'dfu') right++;
    else {
      wrong++;
      console.log(`${name} ${build.join(' ')}: ${causes.join(' + ')}: ${outcome ?? error}`);
    }
  }
}
console.log(`${right} of ${right + wrong} fixed builds reach DFU; causes tried: ${[...tried].sort().join(', ')}`);
process.exitCode = wrong === 0 ? 0 : 1;
