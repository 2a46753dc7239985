/** Who handed over to whom in a run, and by which way it came into the ROM. */
import { functionNameAt } from '../../image/image.ts';
import { APP_GOAL } from '../documents/goal.ts';
import type { HandOver, RunResult, WayIn } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import type { Receiver } from './difference-causes.ts';

type Told = Pick<RunResult, 'entries' | 'resets' | 'goal' | 'checks' | 'outcome' | 'scenario'>;

/** @param leftAt when a DFU leave went to the application */
export function handOversOf(
  { entries, goal, checks }: Told,
  at: { readonly leftAt: string | null; readonly end: string },
  receiver: Receiver | null,
): HandOver[] {
  const isApp = goal.name === APP_GOAL;
  const into = entries.map((e, i): HandOver => {
    const last = i === entries.length - 1;
    const from = e.how === 'boot' ? 'reset' : 'application';
    return { at: e.at, from, to: 'ROM', how: e.how, goal: last && !isApp ? goal.name : null, reached: last && !isApp && goal.reached };
  });
  const works = !checks.some((c) => c.id.startsWith('leave-') && c.verdict === 'fail');
  const back: HandOver[] =
    at.leftAt === null ? [] : [{ at: at.leftAt, from: 'ROM', to: 'application', how: 'branch', goal: APP_GOAL, reached: works }];
  // what a loader left keeps its application from what it does from reset
  const app: HandOver[] =
    receiver?.id === 'image' ? [{ at: at.end, from: 'loader', to: receiver.name, how: 'branch', goal: APP_GOAL, reached: false }] : [];
  return [...into, ...back, ...app].toSorted((a, b) => Number(a.at) - Number(b.at));
}

/** The way that the run itself took; none where it did not come into the ROM. */
export function ownWay(input: RunInput, { entries, resets, outcome, scenario }: Told): WayIn[] {
  const last = entries.at(-1);
  if (last === undefined) return [];
  const trigger = scenario.steps.length > 0 ? `steps[${scenario.steps.length - 1}]` : 'itself';
  // a boot into the ROM: what asked for the reset
  const reset = last.how === 'boot' ? resets.findLast((r) => r.by === 'software' || r.by === 'option-bytes') : undefined;
  const from = last.from ?? reset?.from ?? null;
  // the caller is looked up where triggers are searched (first-run.ts): it takes a scan of the code
  return [{ function: from === null ? null : functionNameAt(input.images, Number(from.pc)), caller: null, trigger, outcome, tried: true }];
}
