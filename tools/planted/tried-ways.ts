/**
 * What the kits say of firmware that is right in a way of its own: `npm run planted:ways -- [ID,…] [--firmware strict-f072] [--cases 100] [--all]`. Nothing may be said.
 * Each way is tried on one part of each protocol that it is for, by turns; `--all` takes both.
 */
import { parseArgs } from 'node:util';
import { FIRMWARE, wayNumbers, type FirmwareName } from './firmware.ts';
import { accusations } from './kits.ts';
import { WAYS, type Way } from './ways.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { firmware: { type: 'string' }, cases: { type: 'string', default: '100' }, all: { type: 'boolean', default: false } },
});
const named = positionals.flatMap((text) => text.split(','));
const unknown = named.find((id) => !WAYS.some((w) => w.id === id));
if (unknown !== undefined) {
  console.error(`there is no way ${unknown}; there are ${WAYS.map((w) => w.id).join(', ')}`);
  process.exit(2);
}
function images({ id, firmware }: Way): FirmwareName[] {
  const own = FIRMWARE.filter((f) => firmware.some((p) => f.startsWith(p)) && (values.firmware ?? f) === f);
  const turn = wayNumbers().get(id)! % 2 === 0 ? 'f072' : 'f405';
  return values.all || values.firmware !== undefined ? own : own.filter((f) => f.endsWith(turn));
}

let accused = 0;
let tried = 0;
for (const way of WAYS) {
  if (named.length > 0 && !named.includes(way.id)) continue;
  for (const firmware of images(way)) {
    const said = await accusations(firmware, way.id, Number(values.cases));
    tried++;
    if (said.length > 0) accused++;
    console.log(`${said.length > 0 ? 'ACCUSED' : 'ok'} ${way.id} (${firmware}): ${way.what} (${way.allowed})`);
    for (const text of said) console.log(`    ${text.split('\n').join('\n      ')}`);
  }
}
console.log(`${tried} images, ${accused} accused`);
process.exitCode = accused === 0 ? 0 : 1;
