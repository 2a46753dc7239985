/** Whether a message of an `mcp` client has its form. The SDK says nothing of one that has none, and calls wrong parameters an error of its own. */
import type * as Types from '@modelcontextprotocol/sdk/types.js';
import { INVALID_PARAMS, INVALID_REQUEST, type Refusal } from './mcp-lines.ts';

/** A schema of the SDK's. */
interface Schema {
  safeParse(value: unknown): { readonly success: boolean; readonly error?: { readonly issues: readonly Issue[] } | undefined };
}
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
/** Of a sentence. */
const LONGEST = 200;

/** @param types schemas of the SDK: an optional package */
export function checkOfMessages(types: typeof Types): (message: unknown) => Refusal | null {
  const requests = new Map<unknown, Schema>([
    ['initialize', types.InitializeRequestSchema],
    ['ping', types.PingRequestSchema],
    ['tools/list', types.ListToolsRequestSchema],
    ['tools/call', types.CallToolRequestSchema],
  ]);
  return (message) => {
    if (!types.JSONRPCMessageSchema.safeParse(message).success)
      return { id: idOf(message), code: INVALID_REQUEST, message: 'this is no message of JSON-RPC 2.0' };
    const { method } = message as { readonly method?: unknown };
    const issue = requests.get(method)?.safeParse(message).error?.issues[0];
    // a notification is never answered
    if (issue === undefined || idOf(message) === null) return null;
    return { id: idOf(message), code: INVALID_PARAMS, message: `${issue.path.join('.')}: ${issue.message}`.slice(0, LONGEST) };
  };
}
function idOf(message: unknown): string | number | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return typeof id === 'string' || Number.isInteger(id) ? (id as string | number) : null;
}
