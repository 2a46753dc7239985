/** What somebody takes along: links and the picture. */
import { useState } from 'preact/hooks';
import { linkWith } from '../link.ts';
import type { Setup } from '../setup.ts';
import { packed, pngFile, svgFile } from '../share.ts';
import { inWords } from '../words.ts';

function download(file: Blob, name: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(file);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
interface ShareProps {
  readonly setup: Setup;
  readonly svg: string;
  /** Of this page as it is. */
  readonly link: string;
  readonly isOwn: boolean;
}
export function Share({ setup, svg, link, isOwn }: ShareProps) {
  const [said, setSaid] = useState('');
  const [shown, setShown] = useState('');
  const attempt = (work: () => Promise<string>): void => void work().then(setSaid, (e: unknown) => setSaid(inWords(e)));
  const copy = async (hash: string): Promise<string> => {
    const whole = new URL(hash, location.href).href;
    setShown(whole);
    await navigator.clipboard?.writeText(whole).catch(() => undefined);
    return 'The link is in the clipboard, and below.';
  };
  return (
    <>
      <div class="row">
        <button type="button" onClick={() => attempt(() => copy(link))}>
          Copy the link
        </button>
        {isOwn && setup.others === undefined && (
          <button
            type="button"
            onClick={() =>
              attempt(async () => {
                const file = await packed(setup.bytes);
                if (file === null) throw new Error('The file is too large for a link: send the file and the link without it.');
                return copy(linkWith(link, setup.name, file));
              })
            }
          >
            Copy a link with the file in it
          </button>
        )}
        <button type="button" onClick={() => download(svgFile(svg), 'hand-over.svg')}>
          Picture as SVG
        </button>
        <button
          type="button"
          onClick={() =>
            attempt(async () => {
              const file = await pngFile(svg);
              download(file, 'hand-over.png');
              return 'hand-over.png is among your downloads.';
            })
          }
        >
          Picture as PNG
        </button>
      </div>
      <p class="dim" role="status">
        {said === '' && isOwn ? 'A link without the file names its hash: who opens it needs the file. Sources are in no link.' : said}
      </p>
      {shown !== '' && <input readOnly value={shown} aria-label="link" onFocus={(e) => e.currentTarget.select()} />}
    </>
  );
}
