/** The reports that tell a story, and what each of them leaves out: all of it stands here, with the reason. */
import { stepsOn, tell, type Told } from './sentences.ts';
import type { Fact, Kind, Surface } from './facts.ts';

const WITH_V = 'evidence: -v tells it, and the screen says so';
const ELSEWHERE = 'a finding points at one line; the report of the run tells it';
const EVIDENCE: readonly Kind[] = ['resets', 'usb', 'note', 'unwritten', 'gaps', 'reserved', 'rom', 'run'];
const all = (kinds: readonly Kind[], why: string): Partial<Record<Kind, string>> => Object.fromEntries(kinds.map((kind) => [kind, why]));

export const LEFT_OUT: Readonly<Record<Surface, Readonly<Partial<Record<Kind, string>>>>> = {
  screen: all(EVIDENCE, WITH_V),
  full: {},
  page: {},
  playground: {},
  document: {},
  finding: {
    ...all([...EVIDENCE, 'after', 'console', 'chip', 'board', 'harmless', 'kept-options', 'next'], ELSEWHERE),
    verdict: 'the first line of a finding has what does not hold',
  },
  data: {},
};

/** What a surface tells, in order. */
export const toldOn = (surface: Surface, story: readonly Fact[]): readonly Told[] =>
  story
    .filter((fact) => LEFT_OUT[surface][fact.is] === undefined)
    // a page is the full report: where that is all there is to do next, it says nothing
    .filter((fact) => fact.is !== 'next' || stepsOn(surface, fact).length > 0)
    .map((fact) => tell(fact, surface))
    .filter((told) => !told.detail || (surface !== 'screen' && surface !== 'finding') || (surface === 'finding' && told.is === 'cause'));
