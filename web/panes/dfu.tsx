/** The DFU device of the machine that is stepped, through WebUSB. */
import { useState } from 'preact/hooks';
import type { DfuDevice, View } from '../setup.ts';
import { inWords } from '../words.ts';
import { holder } from '../workers.ts';

export function DfuPanel({ view }: { readonly view: View }) {
  const [device, setDevice] = useState<DfuDevice | null>(null);
  const [said, setSaid] = useState('');
  const there = view.device?.includes('(ROM)') === true;
  const attempt = (work: () => Promise<string>): void => {
    setSaid('…');
    work().then(setSaid, (e: unknown) => setSaid(inWords(e)));
  };
  if (!there) return <p class="dim">USB device: {view.device ?? 'none'}. Run to “DFU” and this page talks to it.</p>;
  return (
    <>
      <h3>DFU</h3>
      <p>{view.device}</p>
      <div class="row">
        <button
          type="button"
          onClick={() =>
            attempt(async () => {
              const found = await holder().dfuOpen();
              setDevice(found);
              return `${found.name}: ${found.alternates.join(' · ')}`;
            })
          }
        >
          Open with webdfu
        </button>
        <button
          type="button"
          disabled={device === null}
          onClick={() =>
            attempt(async () => {
              const bytes = await holder().dfuRead(0x08000000, 64);
              return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
            })
          }
        >
          Upload 64 bytes
        </button>
        <label>
          <span>Download to 0x08008000</span>
          <input
            type="file"
            disabled={device === null}
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              if (file)
                attempt(async () => {
                  const bytes = new Uint8Array(await file.arrayBuffer());
                  await holder().dfuWrite(0x08008000, bytes);
                  return `${bytes.length} bytes are in flash`;
                });
            }}
          />
        </label>
      </div>
      {said !== '' && (
        <pre tabIndex={0} data-testid="dfu">
          {said}
        </pre>
      )}
    </>
  );
}
