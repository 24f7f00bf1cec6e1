export { ensembleCases } from './ensemble-cases.ts';
export type { Case, Golden, Load } from './ensemble-cases.ts';
