/**
 * An eslint rule: how many lines of code a function has, without those of functions that it declares inside. A model of a register block, for one, is a function
 * around the handlers of its registers: what they share is its scope, and the limit is for each of them.
 */
const NESTED = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

export const ownLines = {
  meta: {
    type: 'suggestion',
    schema: [{ type: 'integer', minimum: 1 }],
    messages: { long: 'this function has {{count}} lines of its own, at most {{most}} are allowed: split it, or say why not' },
  },
  create(context) {
    const [most = 70] = context.options;
    const { sourceCode } = context;
    const comments = new Set(sourceCode.getAllComments().flatMap((c) => linesOf(c)));
    const isCode = (line) =>
      sourceCode.lines[line - 1].trim() !== '' && !(comments.has(line) && /^\s*(\/[/*]|\*)/.test(sourceCode.lines[line - 1]));
    const open = [];
    const enter = (node) => open.push({ node, inner: new Set() });
    const leave = () => {
      const { node, inner } = open.pop();
      const all = linesOf(node).filter(isCode);
      const own = all.filter((line) => !inner.has(line));
      if (own.length > most) context.report({ node, messageId: 'long', data: { count: own.length, most } });
      const outer = open.at(-1);
      // the line on which a nested function begins is the outer one's, too
      if (outer) for (const line of linesOf(node).slice(1)) outer.inner.add(line);
    };
    return Object.fromEntries(
      [...NESTED].flatMap((type) => [
        [type, enter],
        [`${type}:exit`, leave],
      ]),
    );
  },
};

function linesOf({ loc }) {
  const lines = [];
  for (let line = loc.start.line; line <= loc.end.line; line++) lines.push(line);
  return lines;
}
