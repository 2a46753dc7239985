/**
 * A run as a value change dump (IEEE 1364-2005 §18), for GTKWave, Surfer, PulseView and sigrok. Clocks are real variables in Hz; pins are wires, z where nobody drives
 * them; events and console are strings, an extension that GTKWave shows and others skip.
 */
import type { SafeText } from '../../bench/documents/safe-text.ts';
import { levelText, type RunTrace, type TracedRun, type TraceSignal } from '../../bench/documents/trace-types.ts';

interface Variable {
  readonly scope: string;
  readonly name: string;
  readonly type: 'real' | 'wire' | 'string';
  readonly bits: number;
  readonly changes: readonly { readonly at: number; readonly text: string }[];
}

export function vcdTrace(trace: RunTrace): SafeText {
  const variables = [...variablesOf('', trace.run)];
  if (trace.repaired !== null) variables.push(...variablesOf('repaired_', trace.repaired));
  // readers that know no strings take the name of one for a token: none that could be a value
  const ids = variables.map((v, i) => (v.type === 'string' ? `~${idOf(i)}` : idOf(i)));
  const out = [
    '$comment',
    `  ${trace.chip}: ${trace.run.outcome}; scope repaired_*: the same run with its cause repaired`,
    '$end',
    '$timescale 1 ps $end',
  ];
  for (const scope of new Set(variables.map((v) => v.scope))) {
    out.push(`$scope module ${scope} $end`);
    variables.forEach((v, i) => {
      if (v.scope === scope)
        out.push(`$var ${v.type} ${v.bits} ${ids[i]} ${v.name}${v.bits > 1 && v.type === 'wire' ? ` [${v.bits - 1}:0]` : ''} $end`);
    });
    out.push('$upscope $end');
  }
  out.push('$enddefinitions $end');
  const all = variables.flatMap((v, i) =>
    v.changes.map(({ at, text }) => ({ at, line: v.type === 'wire' && v.bits === 1 ? text + ids[i] : `${text} ${ids[i]}` })),
  );
  all.sort((a, b) => a.at - b.at);
  let now = -1;
  for (const { at, line } of all) {
    if (at !== now) out.push(`#${(now = at)}`);
    out.push(line);
  }
  const end = Math.max(trace.run.end, trace.repaired?.end ?? 0);
  if (end > now) out.push(`#${end}`);
  return `${out.join('\n')}\n` as SafeText;
}

function* variablesOf(prefix: string, run: TracedRun): Generator<Variable> {
  for (const s of run.signals) {
    const dot = s.name.indexOf('.');
    // cm33.primask: the core is the scope; PA5.chip and power.lost are names
    const [scope, name] = s.group === 'core' ? [s.name.slice(0, dot), s.name.slice(dot + 1)] : [s.group, s.name.replaceAll('.', '_')];
    const type = s.kind === 'hz' ? 'real' : 'wire';
    yield {
      scope: prefix + scope,
      name: name.replaceAll('-', '_'),
      type,
      bits: s.bits,
      changes: s.at.map((at, i) => ({ at, text: textOf(s, s.values[i]!) })),
    };
  }
  const events = run.rows.map(({ at, kind, text }) => ({ at: Math.round(Number(at) * 1e12), text: string(`${kind}: ${text}`) }));
  if (events.length > 0) yield { scope: `${prefix}text`, name: 'events', type: 'string', bits: 1, changes: events };
  for (const channel of new Set(run.console.map((c) => c.channel))) {
    const changes = run.console.filter((c) => c.channel === channel).map(({ at, text }) => ({ at, text: string(text) }));
    yield { scope: `${prefix}text`, name: `console_${channel}`, type: 'string', bits: 1, changes };
  }
}

function textOf({ kind, bits }: TraceSignal, value: number): string {
  if (kind === 'hz') return `r${value}`;
  if (kind === 'level') return levelText(value);
  return bits === 1 ? String(value & 1) : `b${value.toString(2)}`;
}

/** No white space in a value, and no command of a CI runner: GTKWave reads escapes as C has them. */
const string = (text: string): string =>
  `s${[...new TextEncoder().encode(text)]
    .map((b) => (b > 0x20 && b < 0x7f && b !== 0x5c ? String.fromCharCode(b) : `\\x${b.toString(16).padStart(2, '0')}`))
    .join('')
    .replace(/##(?=\w*\[)/g, '#\\x23')}`;

/** Short names of printable characters, none with `~`. */
function idOf(i: number): string {
  const [first, count] = [33, 93];
  let id = '';
  for (let rest = i; ; rest = Math.floor(rest / count) - 1) {
    id = String.fromCharCode(first + (rest % count)) + id;
    if (rest < count) return id;
  }
}
