/** What is made when somebody first opens it: hundreds of rows that nobody asks for would keep a phone from showing the verdict. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export function Folded({ summary, children }: { readonly summary: string; readonly children: () => ComponentChildren }) {
  const [isMade, setMade] = useState(false);
  return (
    <details onToggle={() => setMade(true)}>
      <summary>{summary}</summary>
      {isMade && children()}
    </details>
  );
}
