/** The program. The exit code is set, not forced, so that everything written is flushed first. */
import { processIo } from './io.ts';
import { usePrebuiltValidator } from './prebuilt-validator.ts';
import { main } from './program.ts';

usePrebuiltValidator();

process.exitCode = await main(process.argv.slice(2), processIo());
