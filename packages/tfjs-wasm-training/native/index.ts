export { convFilterGradient, convFilterGradientScratch } from './conv-filter';
export { flipFilter, spreadGradient } from './conv-input';
export { maxPoolGradient } from './max-pool';
