/** The results as one Parquet file, for DuckDB, pandas and the like; written in row groups, so that memory does not grow with the campaign. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from './store.ts';
import { folderBeside } from './temporary.ts';

const GROUP = 100_000;
const COLUMNS = [
  ...['no', 'id', 'target', 'chip', 'delay', 'factor', 'seed', 'leave', 'fault', 'before', 'pc'],
  ...['outcome', 'ended', 'seconds', 'cycles', 'cause', 'entry', 'place'],
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Record<Column, string | number | null>>;
const TYPES: Readonly<Partial<Record<Column, 'INT64' | 'DOUBLE'>>> = {
  ...{ no: 'INT64', seed: 'INT64', before: 'INT64', cycles: 'INT64' },
  ...{ factor: 'DOUBLE', seconds: 'DOUBLE' },
};

/** The bytes of the file; `beside`: a path beside which it may be made. */
export async function parquetBytes(store: Store, beside: string): Promise<Uint8Array> {
  const { ParquetWriter, fileWriter } = await import('hyparquet-writer');
  // the writer opens by name: in a folder of this process nobody else has put a link there
  const folder = folderBeside(beside);
  const temporary = join(folder, 'results.parquet');
  const schema = COLUMNS.map((name) => ({
    name,
    type: TYPES[name] ?? ('BYTE_ARRAY' as const),
    repetition_type: 'OPTIONAL' as const,
    ...(TYPES[name] === undefined ? { converted_type: 'UTF8' as const } : {}),
  }));
  try {
    const writer = new ParquetWriter({ writer: fileWriter(temporary), schema: [{ name: 'root', num_children: schema.length }, ...schema] });
    for (let after = -1; ;) {
      const rows = store.all<Row>(`SELECT ${COLUMNS.join()} FROM cases WHERE no > ? ORDER BY no LIMIT ${GROUP}`, [after]);
      if (rows.length > 0)
        await writer.write({ columnData: COLUMNS.map((name) => ({ name, data: rows.map((r) => valueOf(name, r[name])) })) });
      if (rows.length < GROUP) break;
      after = Number(rows.at(-1)!.no);
    }
    await writer.finish();
    return new Uint8Array(readFileSync(temporary));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const valueOf = (name: Column, value: Row[Column]): string | number | bigint | null =>
  value !== null && TYPES[name] === 'INT64' ? BigInt(value) : value;
