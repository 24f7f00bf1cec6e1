/** What to type to install a package, without what its install script would download. */
export function installLine(name: string): string {
  return `${name === 'onnxruntime-node' ? 'ONNXRUNTIME_NODE_INSTALL=skip ' : ''}npm install ${name}`;
}
