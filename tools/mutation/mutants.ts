/**
 * Small changes of a source file that a test ought to notice: a constant one more or one less, `<` for `<=`, `&&` for `||`, a statement left out. What only a person
 * reads (texts, sources of facts) and what only the compiler reads (types, imports) is left alone.
 */
import ts from 'typescript';

/** In the file at `path` the characters from `start` up to `end` become `text`. */
export interface Change {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
export interface Mutant extends Change {
  /** From 1, as editors count. */
  readonly line: number;
  readonly was: string;
}

const K = ts.SyntaxKind;
const SWAPPED: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [K.LessThanToken, '<='],
  [K.LessThanEqualsToken, '<'],
  [K.GreaterThanToken, '>='],
  [K.GreaterThanEqualsToken, '>'],
  [K.EqualsEqualsEqualsToken, '!=='],
  [K.ExclamationEqualsEqualsToken, '==='],
  [K.AmpersandAmpersandToken, '||'],
  [K.BarBarToken, '&&'],
  [K.PlusToken, '-'],
  [K.MinusToken, '+'],
  [K.AsteriskToken, '+'],
  [K.AmpersandToken, '|'],
  [K.BarToken, '&'],
  [K.CaretToken, '|'],
  [K.LessThanLessThanToken, '>>>'],
  [K.GreaterThanGreaterThanToken, '<<'],
  [K.GreaterThanGreaterThanGreaterThanToken, '<<'],
  [K.PlusEqualsToken, '-='],
  [K.MinusEqualsToken, '+='],
  [K.BarEqualsToken, '&='],
  [K.AmpersandEqualsToken, '|='],
]);
/** Properties whose values are told to people and decide nothing; `hot` decides where the interpreter has an instruction, which shows in its speed alone. */
const TOLD = new Set([
  'hot',
  'about',
  'source',
  'sources',
  'explanation',
  'explain',
  'question',
  'confidence',
  'description',
  'summary',
  'paragraph',
  'title',
]);

/** A constant that says how much is tried before a proof is given up, or how much is remembered, by the first word of its comment: one more or less changes what is told of no program that tests have. */
const isEffort = (node: ts.Node): boolean =>
  ts.isVariableStatement(node) && /^\/\*\* Effort:/.test(node.getSourceFile().text.slice(node.getFullStart(), node.getStart()).trim());
/** Names of such constants in a file. */
const effortsOf = (file: ts.SourceFile): ReadonlySet<string> =>
  new Set(
    file.statements
      .filter(isEffort)
      .flatMap((s) => (s as ts.VariableStatement).declarationList.declarations.map((d) => d.name.getText(file))),
  );
/** Something is compared with an effort: that decides no more than its value does. */
function asksEffort(node: ts.Node, efforts: ReadonlySet<string>): boolean {
  if (ts.isIfStatement(node)) return ts.isBinaryExpression(node.expression) && asksEffort(node.expression, efforts);
  if (!ts.isBinaryExpression(node)) return false;
  return [node.left, node.right].some((side) => ts.isIdentifier(side) && efforts.has(side.text));
}

/** Texts, types, imports, error messages and efforts: nothing in there is changed. */
function isLeftAlone(node: ts.Node): boolean {
  if (isEffort(node)) return true;
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
    return true;
  if (ts.isThrowStatement(node) || ts.isTemplateExpression(node)) return true;
  if (ts.isPropertyAssignment(node) && TOLD.has(node.name.getText())) return true;
  // the type is what is exported, not the value
  return ts.isExportDeclaration(node);
}

function literal(node: ts.NumericLiteral): string[] {
  const text = node.getText();
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value)) return [];
  // a frequency or a size: one hertz more is none that anybody can set
  const [, mantissa, exponent] = /^([1-9]\d*)e(\d+)$/i.exec(text) ?? [];
  if (mantissa !== undefined) return [1, -1].map((by) => `${Number(mantissa) + by}e${exponent}`);
  // an address or a mask: another bit of it
  if (/^0x/i.test(text)) return value === 0 ? ['0x1'] : [`0x${(BigInt(value) ^ (BigInt(value) & -BigInt(value))).toString(16)}`];
  return value === 0 ? ['1'] : [`${value + 1}`, `${value - 1}`];
}

function changes(node: ts.Node): { readonly at: ts.Node; readonly text: string }[] {
  if (ts.isNumericLiteral(node)) return literal(node).map((text) => ({ at: node, text }));
  if (ts.isBinaryExpression(node)) {
    const text = SWAPPED.get(node.operatorToken.kind);
    const joinsText = [node.left, node.right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
    return text === undefined || joinsText ? [] : [{ at: node.operatorToken, text }];
  }
  if (ts.isPrefixUnaryExpression(node) && (node.operator === K.ExclamationToken || node.operator === K.TildeToken))
    return [{ at: node, text: node.operand.getText() }];
  if (node.kind === K.TrueKeyword) return [{ at: node, text: 'false' }];
  if (node.kind === K.FalseKeyword) return [{ at: node, text: 'true' }];
  if (ts.isExpressionStatement(node)) return [{ at: node, text: ';' }];
  if (ts.isIfStatement(node)) return [{ at: node.expression, text: 'false' }];
  if (ts.isConditionalExpression(node))
    return [
      { at: node.condition, text: 'true' },
      { at: node.condition, text: 'false' },
    ];
  return [];
}

/** All mutants of a file, in its order. */
export function mutantsOf(path: string, source: string): Mutant[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, true);
  const found: Mutant[] = [];
  const efforts = effortsOf(file);
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node)) return;
    if (asksEffort(node, efforts)) {
      if (ts.isIfStatement(node)) ts.forEachChild(node, (child) => void (child !== node.expression && visit(child)));
      return;
    }
    for (const { at, text } of changes(node)) {
      const start = at.getStart(file);
      const line = file.getLineAndCharacterOfPosition(start).line + 1;
      found.push({ path, start, end: at.getEnd(), text, line, was: at.getText(file) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
