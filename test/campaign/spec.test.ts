/** What is wrong with a campaign is said in one line: which key, what is there, what could be. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../src/campaign/spec.ts';
import { cli } from '../cli/helpers.ts';
import { ROOT } from '../debug/serve.ts';
import { campaignFolder, SMALL } from './helpers.ts';
import { fixture } from './stored.ts';

const wrong = async (spec: unknown, ...args: readonly string[]): Promise<string> => {
  const cwd = campaignFolder(spec);
  const { code, out, err } = await cli(['campaign', 'spec.json', ...args], { cwd });
  // a queue that does not answer is the surroundings' matter
  expect([code, out]).toEqual([/no answer from/.test(err) ? 4 : 2, '']);
  expect(err).toMatch(/^bootbench: [^\n]+\n$/);
  // the next try is not told that there are results
  expect(existsSync(join(cwd, 'spec.sqlite'))).toBe(false);
  return err;
};
const but = (more: object): object => ({ ...SMALL, ...more });

describe('a wrong campaign', () => {
  it.each([
    ['no JSON', '{ "schema": ', /spec\.json: not valid JSON/],
    ['a mistyped key', but({ leaveout: 'single' }), /unknown key leaveout; did you mean leaveOut\?/],
    ['no targets', { schema: 'bootbench/campaign@1' }, /the campaign has no key targets, which is required/],
    ['another schema', but({ schema: 'bootbench/campaign@2' }), /schema is "bootbench\/campaign@2"; it must be "bootbench\/campaign@1"/],
    [
      'an unknown fault',
      but({ faults: { kinds: ['lightning'], instructions: { to: 2 } } }),
      /faults\.kinds\[0\] is "lightning"; it must be systick/,
    ],
    ['an interrupt line that no core has', but({ faults: { kinds: ['irq240'], instructions: { to: 2 } } }), /irq240; .*irq239/],
    ['faults without a place', but({ faults: { kinds: ['nmi'] } }), /faults have no place; .*instructions/],
    [
      'faults with two places',
      but({ faults: { kinds: ['nmi'], instructions: { to: 1 }, cycles: { to: 1 } } }),
      /both instructions and cycles/,
    ],
    ['a range that goes backwards', but({ faults: { kinds: ['nmi'], cycles: { from: 9, to: 3 } } }), /faults\.cycles goes from 9 to 3/],
    ['seeds beyond the last one', but({ seeds: { from: 4294967295, count: 2 } }), /seeds go beyond 4294967295/],
    ['an outcome that there is not', but({ expect: ['dfuu'] }), /expect\[0\] is "dfuu"; it must be one of "dfu"/],
    [
      'a scenario that is not there',
      but({ targets: [{ scenarios: ['none.json'] }] }),
      /targets\[0\]: cannot read none\.json: no such file/,
    ],
    ['an image that is not there', but({ targets: [{ images: ['fw.elf'], chips: ['f072'] }] }), /targets\[0\]: .*fw\.elf/],
    [
      'a chip that there is not',
      but({ targets: [{ scenarios: [fixture('f072-masked')], chips: ['stm32f9'] }] }),
      /targets\[0\]: there is no chip "stm32f9"/,
    ],
    [
      'the same target twice',
      but({ targets: [{ scenarios: [fixture('f072-masked')] }, { scenarios: [fixture('f072-masked')] }] }),
      /two targets are the same/,
    ],
    [
      'more targets than anybody waits for',
      but({ targets: Array.from({ length: 3 }, () => ({ scenarios: new Array<string>(1000).fill('none.json') })) }),
      /3000 targets \(images x chips x scenarios\); a campaign has 2000 at most/,
    ],
    [
      'a product of small lists',
      but({ targets: [{ images: new Array<string>(100).fill('a.elf'), chips: new Array<string>(100).fill('f072') }] }),
      /10000 targets/,
    ],
    [
      'more delays than anybody waits for',
      but({ delays: { factors: Array.from({ length: 1001 }, (_, i) => i / 2 + 2) } }),
      /delays\.factors/,
    ],
    ['a delay that the chip does not have', but({ delays: { parameters: ['warp.*'], factors: [2] } }), /has no warp\.\*; it has /],
  ])('%s', async (_name, spec, message) => {
    expect(await wrong(spec)).toMatch(message);
  });

  it.each([
    ['a shard that is none', ['--shard', '3/2'], /--shard: "3\/2" is not i\/n/],
    ['no workers', ['--jobs', '0'], /--jobs: "0" is not a number from 1 to 256/],
    ['a case that there is not', ['--case', '14'], /--case: "14" is not a number from 0 to 13/],
    ['a port of a queue that is none', ['--queue', 'redis://localhost:99999'], /"redis:\/\/localhost:99999" is no address of a queue/],
    ['a queue that is none', ['--queue', 'http://localhost'], /--queue: "http:\/\/localhost" is no address of a queue/],
    [
      'a queue where nobody is, and no password in the message',
      ['--queue', 'redis://:secret@127.0.0.1:1'],
      /no answer from redis:\/\/…@127\.0\.0\.1:1/,
    ],
    ['results over the campaign', ['--out', 'spec.json'], /--out: spec\.json is the campaign itself/],
    ['results in a folder that is not there', ['--out', 'none/r.sqlite'], /--out: cannot write none\/r\.sqlite: there is no folder none/],
    ['a report over the results', ['--html', 'spec.sqlite'], /--out and --html both write spec\.sqlite/],
    ['a report over the campaign', ['--junit', 'spec.json'], /--junit: spec\.json is an input of this run/],
    ['pieces of no work', ['--batch', '0'], /--batch: "0" is not a number from 1 to 10000/],
    ['both ways to begin', ['--resume', '--overwrite'], /exclude each other/],
    ['a shard to merge that is not there', ['--merge', 'other.sqlite'], /--merge: cannot read .*other\.sqlite/],
  ])('%s', async (_name, args, message) => {
    const err = await wrong(SMALL, ...args);
    expect(err).toMatch(message);
    expect(err).not.toContain('secret');
  });

  it('results that are no results of a campaign are left as they are', async () => {
    const cwd = campaignFolder(SMALL);
    writeFileSync(join(cwd, 'text.sqlite'), 'this is no database, it is a text that somebody wrote '.repeat(20));
    mkdirSync(join(cwd, 'folder.sqlite'));
    for (const name of ['text.sqlite', 'folder.sqlite'])
      for (const how of ['--resume', '--overwrite']) {
        const { code, err } = await cli(['campaign', 'spec.json', '--out', name, how], { cwd });
        expect([name, how, code]).toEqual([name, how, 2]);
        expect(err).toMatch(/^bootbench: [^\n]+\n$/);
      }
    const { code, err } = await cli(['campaign', 'spec.json', '--out', 'text.sqlite'], { cwd });
    expect([code, err]).toEqual([2, expect.stringMatching(/exists; --resume continues it/)]);
  });

  it('the example of the documentation is right: six scenarios that are there, six chips', async () => {
    const path = join(ROOT, 'docs/campaign.json');
    const spec = await parseSpec(readFileSync(path, 'utf8'), path);
    const scenarios = spec.targets.flatMap((t) => t.scenarios ?? []).map((s) => readFileSync(join(ROOT, 'docs', s), 'utf8'));
    expect(new Set(scenarios.map((text) => (JSON.parse(text) as { chip: string }).chip)).size).toBe(6);
  });

  it('results of another campaign are not merged, and nothing is left of the try', async () => {
    const cwd = campaignFolder(SMALL);
    writeFileSync(join(cwd, 'other.json'), JSON.stringify(but({ seeds: [7] })));
    await cli(['campaign', 'other.json', '--shard', '1/7', '--quiet'], { cwd });
    const before = readFileSync(join(cwd, 'other.sqlite'));
    const { code, err } = await cli(['campaign', 'spec.json', '--merge', 'other.sqlite'], { cwd });
    expect([code, err]).toEqual([2, expect.stringMatching(/is from another campaign/)]);
    expect(existsSync(join(cwd, 'spec.sqlite'))).toBe(false);
    expect(readFileSync(join(cwd, 'other.sqlite'))).toEqual(before);
  });

  it('a folder for images that cannot be one', async () => {
    const cwd = campaignFolder(SMALL);
    const worker = ['worker', '--queue', 'redis://127.0.0.1:1', '--cache'];
    for (const [name, why] of [
      ['spec.json', 'it is not a folder'],
      ['none/cache', 'there is no folder none'],
    ] as const) {
      const { code, err } = await cli([...worker, name], { cwd });
      expect([code, err]).toEqual([2, `bootbench: --cache: cannot write ${name}: ${why}\n`]);
    }
  });

  it('a worker without a queue, and with one that is no address', async () => {
    expect((await cli(['worker'])).err).toMatch(/which queue\? --queue is missing/);
    const { code, err } = await cli(['worker', '--queue', 'localhost:6379']);
    expect([code, err]).toEqual([2, expect.stringMatching(/is no address of a queue/)]);
  });
});
