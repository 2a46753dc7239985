/** The hand-over as one picture, above the verdict in words. */
export function HandOver({ svg }: { readonly svg: string }) {
  // its texts went through the door for HTML (src/report/page.ts)
  return <div class="scroll hand-over" tabIndex={0} role="region" aria-label="hand-over" dangerouslySetInnerHTML={{ __html: svg }} />;
}
