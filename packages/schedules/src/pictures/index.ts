export { sparkline, type SparklineOptions } from './sparkline.ts';
export {
  visualizeLR,
  type PictureLayer,
  type PicturePoint,
  type VegaLiteSpec,
  type VisualizeLROptions,
} from './visualize-lr.ts';
