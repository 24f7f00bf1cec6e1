// @ts-check
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * The public surface of a package as text: every name that an entry exports, with its declaration, comments apart.
 * Undefined where the package exports no code.
 *
 * @param {string} folder
 * @param {{ name: string, exports?: Record<string, unknown> }} json its package.json
 * @returns {string | undefined}
 */
export function reportOf(folder, json) {
  const parts = Object.entries(json.exports ?? {}).flatMap(([subpath, target]) => {
    const source = sourceOf(target);
    if (source === undefined) return [];
    const names = surfaceOf(join(folder, source));
    const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
    const entry = subpath === '.' ? json.name : `${json.name}/${subpath.slice(2)}`;
    const count = `${sorted.length} ${sorted.length === 1 ? 'name' : 'names'}`;
    return [[`# ${entry}: ${count}`, ...sorted.map(([, text]) => text)].join('\n\n')];
  });
  return parts.length === 0 ? undefined : `${parts.join('\n\n\n')}\n`;
}

/**
 * The source file behind an entry of `exports`; that of its types where platforms differ.
 *
 * @param {unknown} target
 * @returns {string | undefined}
 */
function sourceOf(target) {
  if (typeof target === 'string' || target === null) return undefined;
  const { '@snapshot-ensemble/source': source, ...others } =
    /** @type {Record<string, unknown>} */ (target);
  if (typeof source === 'string') return source;
  if (typeof source === 'object' && source !== null) {
    const { types, ...rest } = /** @type {Record<string, unknown>} */ (source);
    const [first] = typeof types === 'string' ? [types] : Object.values(rest);
    return typeof first === 'string' ? first : undefined;
  }
  return Object.values(others).map(sourceOf).find(Boolean);
}

/**
 * Every exported name of a module, with its declaration.
 *
 * @param {string} file
 * @returns {Map<string, string>}
 */
export function surfaceOf(file) {
  const declarations = declarationsOf(file);
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const statement of declarations.statements) {
    if (ts.isExportDeclaration(statement)) {
      for (const [name, text] of reexported(statement, file)) names.set(name, text);
      continue;
    }
    if (!isExported(statement)) continue;
    for (const name of namesOf(statement))
      names.set(name, joined(names.get(name), print(statement, declarations)));
  }
  return names;
}

/**
 * @param {ts.ExportDeclaration} statement
 * @param {string} file
 * @returns {[name: string, text: string][]}
 */
function reexported({ exportClause, moduleSpecifier }, file) {
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
  const from =
    moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
  const isOwn = from?.startsWith('.') === true;
  const surface = isOwn ? surfaceOf(join(dirname(file), /** @type {string} */ (from))) : undefined;
  return exportClause.elements.map(({ name, propertyName }) => {
    const original = (propertyName ?? name).text;
    const text =
      surface?.get(original) ??
      `export { ${original} }${from === undefined ? '' : ` from '${from}'`};`;
    return [name.text, original === name.text ? text : `${text} // as ${name.text}`];
  });
}

/**
 * A module's declarations, as they would ship. `isolatedDeclarations` makes one file enough.
 *
 * @param {string} file
 */
function declarationsOf(file) {
  const { outputText } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      isolatedDeclarations: true,
      removeComments: true,
      target: ts.ScriptTarget.ES2022,
    },
  });
  return ts.createSourceFile(file, outputText, ts.ScriptTarget.ES2022, true);
}

/** @param {ts.Statement} statement */
function isExported(statement) {
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  );
}

/**
 * @param {ts.Statement} statement
 * @returns {string[]}
 */
function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = /** @type {{ name?: ts.Identifier }} */ (/** @type {unknown} */ (statement));
  return name === undefined ? [] : [name.text];
}

const printer = ts.createPrinter({ removeComments: true });

/**
 * @param {ts.Statement} statement
 * @param {ts.SourceFile} source
 */
function print(statement, source) {
  return printer.printNode(ts.EmitHint.Unspecified, statement, source);
}

/**
 * Overloads are several statements of one name.
 *
 * @param {string | undefined} before
 * @param {string} text
 */
function joined(before, text) {
  return before === undefined ? text : `${before}\n${text}`;
}
