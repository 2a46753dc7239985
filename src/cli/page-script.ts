/** The script of the report's page, which the build leaves beside the program. Run from the sources there is none, and the page stands still. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function pageScript(): { readonly script?: string } {
  const file = fileURLToPath(new URL('./report-app.js', import.meta.url));
  return existsSync(file) ? { script: readFileSync(file, 'utf8') } : {};
}
