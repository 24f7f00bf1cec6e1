/** What the libraries advise, which speak of functions and options, as the command line has it. */
const advice: readonly (readonly [RegExp, (folder: string) => string])[] = [
  [/Call repair\(blobs\)/g, (folder) => `Run "npx snapshot-ensemble repair ${folder}"`],
  [/call repair\(blobs\)/g, (folder) => `run "npx snapshot-ensemble repair ${folder}"`],
  [/call breakLock\(blobs\)/g, (folder) => `remove ${folder}/lock.json`],
  [/existing: 'overwrite'/g, () => '--fresh'],
];

/** A library's message about a folder, with what to type. */
export function inCommands(message: string, folder: string): string {
  return advice.reduce((text, [said, typed]) => text.replace(said, typed(folder)), message);
}
