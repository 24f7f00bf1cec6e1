import { fileURLToPath } from 'node:url';

/** What browsers are given as it is. */
export const publicFolder: string = fileURLToPath(new URL('../public', import.meta.url));
