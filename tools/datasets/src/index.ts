export { parseIdx } from './idx.ts';
export type { IdxArray } from './idx.ts';
export { loadFashionMnist, loadFashionSubset, loadMnist, sliceDataset } from './load.ts';
export type { ImageDataset, Split } from './load.ts';
