// @ts-check
// `npm run tables [-- --check]`: the tables of layers and of operations.
await import('./coverage-table.mjs');
await import('./ops-table.mjs');
