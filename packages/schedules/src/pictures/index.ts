export { sparkline } from './sparkline.ts';
export { visualizeLR, type VegaLiteSpec } from './visualize-lr.ts';
