/** The conformance kit for AN3155: every requirement against one device on a USART. */
import {
  Findings,
  resultOf,
  type ConformanceOptions,
  type EndedEarly,
  type RequirementResult,
  type Verdict,
} from '../../usb-sim/conform/requirement.ts';
import { ACK, CODE, command, pages, type Say } from './an3155.ts';
import { SERIAL_REQUIREMENTS, type Page, type SerialFacts } from './requirements.ts';
import type { SerialTarget } from './serial-target.ts';

export interface SerialConformanceReport extends EndedEarly {
  readonly schema: 'bootbench/conformance@1';
  readonly device: {
    /** The USART. */
    readonly port: string;
    /** Of its protocol, as Get tells it: 0x31 is 3.1. */
    readonly version: number;
    /** Commands that Get lists. */
    readonly commands: readonly number[];
  };
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly dialect: readonly string[];
  readonly requirements: readonly RequirementResult[];
}
const SERIAL_IDS: ReadonlySet<string> = new Set(SERIAL_REQUIREMENTS.map((r) => r.id));
export const isSerialRequirement = (id: string): boolean => SERIAL_IDS.has(id);

/** Longest erase of a sector or of all, milliseconds: 2 MB in sectors of 1 to 2 s. */
const ERASE_MS = 40_000;
/** Page numbers that are tried where a program of its own lies in the first ones. */
const MOST_PAGES = 600;

export async function runSerialConformance(t: SerialTarget, options: ConformanceOptions = {}): Promise<SerialConformanceReport> {
  const facts = factsOf(t);
  const findings = new Findings(options);
  await findings.each(SERIAL_REQUIREMENTS, (requirement) => {
    t.fresh();
    t.fill();
    return resultOf(requirement, requirement.check(t, facts), t.sequence);
  });
  const { version, commands } = facts;
  const { counts, dialect, requirements, end } = findings;
  return { schema: 'bootbench/conformance@1', device: { port: t.port, version, commands }, counts, dialect, requirements, ...end };
}

function factsOf(t: SerialTarget): SerialFacts {
  t.fresh();
  const heard = t.say('Get', command(CODE.GET));
  const told = heard[0] === ACK && heard.length > 3;
  const commands = told ? heard.slice(3, 3 + heard[1]!) : [CODE.GET, CODE.GET_VERSION, CODE.GET_ID, CODE.READ, CODE.GO, CODE.WRITE];
  const found = findPages(t, commands.includes(CODE.EXTENDED_ERASE));
  return { commands, version: told ? heard[2]! : 0, pages: found, eraseMs: ERASE_MS, expendable: t.free === t.flash.start };
}
/** The first two page numbers whose pages are erased and lie side by side, and where they lie: that is seen in flash. */
function findPages(t: SerialTarget, extended: boolean): Page[] {
  const found: Page[] = [];
  for (let number = 0; number < MOST_PAGES && found.length < 2; number++) {
    const page = erased(t, number, extended);
    if (page === 'gone') break;
    if (page !== null && (found.length === 0 || found[0]!.end === page.start)) found.push(page);
    // behind the last page nothing is erased any more
    else if (found.length > 0) break;
  }
  return found;
}
function erased(t: SerialTarget, number: number, extended: boolean): Page | null | 'gone' {
  if (!t.fresh()) return 'gone';
  t.fill();
  const { start, end } = t.flash;
  const before = t.read(start, end - start);
  const says: Say[] = [command(extended ? CODE.EXTENDED_ERASE : CODE.ERASE), pages([number], extended, ERASE_MS)];
  for (const say of says) if (t.say(`page ${number}`, say)[0] !== ACK) return null;
  const now = t.read(start, end - start);
  const first = now.findIndex((b, i) => b !== before[i]);
  const last = now.findLastIndex((b, i) => b !== before[i]);
  if (first < 0 || start + first < t.free) return null;
  return { number, start: start + first, end: start + last + 1 };
}
