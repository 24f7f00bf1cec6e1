/** Compiles the sources beside this file; the same sources and compiler give the same bytes. */
export function compile(): Promise<Uint8Array>;
/** The text of `src/native-module.ts`. */
export function render(): Promise<string>;
