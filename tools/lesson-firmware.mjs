// A firmware of the lessons, as the page and its test have it: `h533-vtor`, or with another scenario of the fixture `h533-vtor/vtor-keeps`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function lessonFirmware(root, name) {
  const [fixture, other] = name.split('/');
  const folder = join(root, 'fixtures', fixture);
  const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const { chip, ...scenario } = read(other === undefined ? 'scenario.json' : `scenario.${other}.json`);
  // nothing is expected of a run on the page
  for (const key of ['schema', 'images', 'expect']) delete scenario[key];
  const { sources, flags = [] } = read('fixture.json');
  return {
    chip,
    scenario,
    defines: flags.filter((f) => f.startsWith('-D')).map((f) => f.slice(2)),
    main: sources[0],
    source: Object.fromEntries(sources.map((f) => [f, readFileSync(join(root, 'fixtures', f), 'utf8')])),
  };
}
