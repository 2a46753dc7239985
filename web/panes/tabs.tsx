/** Which pane is shown beside the picture; on a phone, which of all. */
import { CONTROLS } from '../../src/report/story/controls.ts';

export type Tab = 'verdict' | 'what-if' | 'share' | 'timeline' | 'machine';

/** What has a place of its own where there is room for it. */
const TABS: readonly { readonly id: Tab; readonly label: string; readonly isApart: boolean }[] = [
  { id: 'verdict', label: 'Verdict', isApart: false },
  { id: 'what-if', label: CONTROLS.whatIf, isApart: false },
  { id: 'share', label: 'Share', isApart: false },
  { id: 'timeline', label: 'Timeline', isApart: true },
  { id: 'machine', label: 'Machine', isApart: true },
];

export const Tabs = ({ tab, show }: { readonly tab: Tab; readonly show: (tab: Tab) => void }) => (
  <nav class="tabs" aria-label="panes">
    {TABS.map(({ id, label, isApart }) => (
      <button key={id} type="button" class={isApart ? 'apart' : ''} aria-pressed={tab === id} onClick={() => show(id)}>
        {label}
      </button>
    ))}
  </nav>
);
