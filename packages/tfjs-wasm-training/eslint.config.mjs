import root from '../../eslint.config.mjs';

// AssemblyScript looks like TypeScript, but its types are its own compiler's.
export default [{ ignores: ['native/*.ts'] }, ...root];
