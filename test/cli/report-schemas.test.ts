/** What `bootbench test` writes is read by strangers: held against what their formats allow. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { expect, it, test } from 'vitest';
import { sarif as sarifOf } from '../../src/report/ci.ts';
import { junit } from '../../src/report/junit.ts';
import { dfuResult, primaskResult } from '../samples/results.ts';
import { followsOfficial } from './official-schemas.ts';
import { FIRMWARE, cli, folder } from './helpers.ts';

type Outcome = ReturnType<typeof dfuResult>['outcome'];
const FILES = ['--junit', 'j.xml', '--sarif', 's.sarif', '--codequality', 'c.json'] as const;

/** A folder in which one scenario holds, one fails by a proved cause, one by a fault, one cannot be run, under names that need escaping. */
async function reports(): Promise<Readonly<Record<'junit' | 'sarif' | 'quality', string>> & { readonly names: readonly string[] }> {
  const cwd = folder();
  const names = ['s/a&b <"c">.json', 's/böse 50% #1?.json', 's/c:d.json', 's/holds.json'];
  for (const name of [...names, 's/no-image.json']) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    const images = [name === 's/no-image.json' ? 'none.elf' : 'fw.bin@0x08000000'];
    const scenario = {
      schema: 'bootbench/scenario@1',
      chip: 'stm32h533re',
      images,
      seed: names.indexOf(name) + 1,
      expect: { outcome: 'dfu' },
    };
    writeFileSync(join(cwd, name), JSON.stringify(scenario));
  }
  writeFileSync(join(cwd, 's', 'fw.bin'), FIRMWARE);
  const result = ({ seed }: { seed: number }) =>
    seed === 1
      ? { ...primaskResult(), console: { usart1: '\u001b[31mred\u0000 ]]> & <b>\r\n' } }
      : seed === 4
        ? dfuResult()
        : { ...dfuResult(), outcome: 'fault' as Outcome, summary: 'a\tb\u0007' };
  const ran = await cli(['test', './s', ...FILES], { cwd, result: (job) => result({ seed: job.scenario.seed ?? 0 }) });
  expect(ran.out).toContain('1 of 5 scenarios');
  const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
  return { junit: read('j.xml'), sarif: read('s.sarif'), quality: read('c.json'), names: names.slice(0, 3) };
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}
type Raw = Readonly<Record<string, unknown>>;
function elements(list: readonly Raw[]): Element[] {
  return list.flatMap((raw) => {
    const name = Object.keys(raw).find((key) => key !== ':@')!;
    if (name.startsWith('#') || name.startsWith('?')) return [];
    return [{ name, attributes: (raw[':@'] ?? {}) as Record<string, string>, children: elements(raw[name] as Raw[]) }];
  });
}
const parsed = (xml: string): Element[] =>
  elements(
    new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false }).parse(
      xml,
    ) as Raw[],
  );

/**
 * Attributes with `!` are required, children stand in this order. The common part of Maven Surefire's surefire-test-report.xsd and of junit-10.xsd of Jenkins'
 * xUnit plugin; `file`, `line` and the properties of a case are in neither: GitLab, pytest and Jenkins' own JUnit step have them.
 */
const JUNIT: Readonly<Record<string, { attributes: readonly string[]; children: readonly string[] }>> = {
  testsuites: { attributes: ['name', 'time', 'tests', 'failures', 'errors'], children: ['testsuite'] },
  testsuite: {
    attributes: ['name!', 'tests!', 'failures!', 'errors!', 'skipped!', 'time', 'timestamp'],
    children: ['properties', 'testcase'],
  },
  testcase: {
    attributes: ['name!', 'classname', 'time!', 'file', 'line'],
    children: ['properties', 'error', 'failure', 'system-out', 'system-err'],
  },
  properties: { attributes: [], children: ['property'] },
  property: { attributes: ['name!', 'value!'], children: [] },
  failure: { attributes: ['type!', 'message'], children: [] },
  error: { attributes: ['type!', 'message'], children: [] },
  'system-out': { attributes: [], children: [] },
};
function violations({ name, attributes, children }: Element): string[] {
  const rule = JUNIT[name];
  if (rule === undefined) return [`<${name}> is not known`];
  const known = rule.attributes.map((a) => a.replace('!', ''));
  const order = children.map((c) => rule.children.indexOf(c.name));
  return [
    ...Object.keys(attributes).flatMap((a) => (known.includes(a) ? [] : [`${name}@${a} is not known`])),
    ...rule.attributes.flatMap((a) => (a.endsWith('!') && !(a.slice(0, -1) in attributes) ? [`${name}@${a.slice(0, -1)} is missing`] : [])),
    ...Object.entries(attributes).flatMap(([a, v]) =>
      a === 'time' && !/^\d+\.\d{3}$/.test(v)
        ? [`${name}@time is ${v}`]
        : a === 'line' && !/^[1-9]\d*$/.test(v)
          ? [`${name}@line is ${v}`]
          : [],
    ),
    ...order.flatMap((at, i) => (at < 0 || at < (order[i - 1] ?? 0) ? [`<${children[i]!.name}> may not stand there in <${name}>`] : [])),
    ...children.flatMap(violations),
  ];
}

it('JUnit: elements, attributes and their order', async () => {
  const { junit: xml, names } = await reports();
  expect(XMLValidator.validate(xml)).toBe(true);
  const [root, ...more] = parsed(xml);
  expect(more).toEqual([]);
  expect(violations(root!)).toEqual([]);
  const suite = root!.children[0]!;
  expect(suite.attributes).toMatchObject({ tests: '5', failures: '3', errors: '1', skipped: '0' });
  const told = suite.children.map((c) => [c.attributes['name'], c.children.find((e) => e.name === 'failure' || e.name === 'error')]);
  expect(told.filter(([, e]) => e !== undefined)).toHaveLength(4);
  expect(suite.children.flatMap((c) => c.children.flatMap((e) => e.attributes['type'] ?? [])).sort()).toEqual([
    'error',
    'fault',
    'fault',
    'primask',
  ]);
  expect(told.map(([name]) => name)).toEqual(expect.arrayContaining([...names]));
});

test('JUnit: whatever a firmware prints and a file is called, the XML is well-formed', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(text, text, text, (name, message, output) => {
      const xml = junit([
        { name, className: 'c', seconds: 1, failure: { message, text: message }, file: name, line: 1, properties: { a: name }, output },
      ]);
      // XML 1.0 §2.2: the characters that a document may hold
      expect(xml).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      expect(XMLValidator.validate(xml)).toBe(true);
      expect(parsed(xml).flatMap(violations)).toEqual([]);
    }),
  );
});

const text = { type: 'object', additionalProperties: false, required: ['text'], properties: { text: { type: 'string', minLength: 1 } } };
const shape = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
/** OASIS SARIF 2.1.0 §3.13 to §3.52, of it what bootbench writes; its schema allows no other properties either. */
const SARIF = shape(['version', 'runs'], {
  $schema: { type: 'string', pattern: '^https://[!-~]+$' },
  version: { const: '2.1.0' },
  runs: {
    type: 'array',
    items: shape(['tool'], {
      tool: shape(['driver'], {
        driver: shape(['name'], {
          name: { type: 'string' },
          version: { type: 'string' },
          rules: {
            type: 'array',
            uniqueItems: true,
            items: shape(['id'], { id: { type: 'string' }, shortDescription: text, fullDescription: text, help: text }),
          },
        }),
      }),
      // §3.14.14: without an absolute URI the reader says where it is
      originalUriBaseIds: shape(['%SRCROOT%'], { '%SRCROOT%': shape([], { description: text }) }),
      results: {
        type: 'array',
        items: shape(['message'], {
          ruleId: { type: 'string' },
          ruleIndex: { type: 'integer', minimum: -1 },
          level: { enum: ['none', 'note', 'warning', 'error'] },
          message: text,
          locations: {
            type: 'array',
            items: shape([], {
              physicalLocation: shape(['artifactLocation'], {
                // a uri-reference holds none of these as they are (RFC 3986 appendix A)
                artifactLocation: shape(['uri'], {
                  uri: { type: 'string', pattern: "^([\\w.~!$&'()*+,;=@/-]|%[0-9A-F]{2})+$" },
                  uriBaseId: { const: '%SRCROOT%' },
                }),
                region: shape([], { startLine: { type: 'integer', minimum: 1 } }),
              }),
            }),
          },
          partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
        }),
      },
    }),
  },
});
/** https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format: all six are required; the path is below the repository, without `./`. */
const QUALITY = {
  type: 'array',
  items: shape(['description', 'check_name', 'fingerprint', 'severity', 'location'], {
    description: { type: 'string', minLength: 1 },
    check_name: { type: 'string', minLength: 1 },
    fingerprint: { type: 'string', pattern: '^[0-9a-f]{32,}$' },
    severity: { enum: ['info', 'minor', 'major', 'critical', 'blocker'] },
    location: shape(['path', 'lines'], {
      path: { type: 'string', pattern: '^(?!/|\\./|.*\\\\)' },
      lines: shape(['begin'], { begin: { type: 'integer', minimum: 1 } }),
    }),
  }),
};
function conforms(schema: object, document: unknown): void {
  const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);
  validate(document);
  expect(validate.errors).toBe(null);
}

it('SARIF 2.1.0: its properties, and every URI is that of the file', async () => {
  const { sarif, names } = await reports();
  const log = JSON.parse(sarif) as {
    runs: [
      {
        results: { ruleId: string; ruleIndex: number; locations: [{ physicalLocation: { artifactLocation: { uri: string } } }] }[];
      } & Rules,
    ];
  };
  conforms(SARIF, log);
  followsOfficial('sarif-2.1.0.json', log);
  const { results, tool } = log.runs[0];
  const paths = results.map((r) => new URL(r.locations[0].physicalLocation.artifactLocation.uri, 'file:///w/').pathname.slice(3));
  expect(paths.map(decodeURIComponent).sort()).toEqual([...names, 's/no-image.json'].sort());
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
});
it('SARIF: what looks like a link in a text of a firmware is none', () => {
  const finding = { scenario: 's', rule: 'fault', message: 'in [x](javascript:x) \\', file: 'a.c', line: 1 } as const;
  const { runs } = JSON.parse(sarifOf([finding], '1')) as { runs: [{ results: [{ message: { text: string } }] }] };
  expect(runs[0].results[0].message.text).toBe('in \\[x\\](javascript:x) \\\\');
});
interface Rules {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
}

it('GitLab code quality: its fields, and no fingerprint twice, since GitLab shows the first alone', async () => {
  const found = JSON.parse((await reports()).quality) as { fingerprint: string }[];
  conforms(QUALITY, found);
  expect(new Set(found.map((f) => f.fingerprint)).size).toBe(4);
});

it('where all hold, the reports are whole and empty', async () => {
  const cwd = folder({ 'fw.bin': FIRMWARE });
  writeFileSync(
    join(cwd, 'a.json'),
    JSON.stringify({ schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: ['fw.bin@0x08000000'], expect: { outcome: 'dfu' } }),
  );
  expect((await cli(['test', 'a.json', ...FILES], { cwd })).code).toBe(0);
  conforms(SARIF, JSON.parse(readFileSync(join(cwd, 's.sarif'), 'utf8')));
  expect(JSON.parse(readFileSync(join(cwd, 'c.json'), 'utf8'))).toEqual([]);
  expect(parsed(readFileSync(join(cwd, 'j.xml'), 'utf8')).flatMap(violations)).toEqual([]);
});
