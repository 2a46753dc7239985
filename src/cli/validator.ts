/** The validator of scenarios that the build made, which puts it in the place of this file. */
import type { ValidateFunction } from 'ajv';

export default null as ValidateFunction | null;
