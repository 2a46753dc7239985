/** The whole page takes files and folders. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { droppedFiles, type Dropped } from '../dropped.ts';

export function Drop({ onDrop, children }: { readonly onDrop: (dropped: Promise<Dropped>) => void; readonly children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        if (e.dataTransfer) onDrop(droppedFiles(e.dataTransfer));
      }}
    >
      {children}
    </div>
  );
}
