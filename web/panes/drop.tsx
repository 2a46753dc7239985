/** The whole page takes a file. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export function Drop({ onFile, children }: { readonly onFile: (file: File) => Promise<void>; readonly children: ComponentChildren }) {
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
        const file = e.dataTransfer?.files[0];
        if (file) void onFile(file);
      }}
    >
      {children}
    </div>
  );
}
