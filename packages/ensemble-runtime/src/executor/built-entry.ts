/** Where the entry of a thread or process lies. They run built JavaScript: Node 20 has no loader for TypeScript. */
export function builtEntry(name: string): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../../dist/executor/${name}.js` : `./${name}.js`, import.meta.url);
}
