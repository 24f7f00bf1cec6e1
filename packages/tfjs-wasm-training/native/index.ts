export { convFilterGradient, convFilterGradientScratch } from './conv-filter';
export { convInputGradient, convInputGradientScratch, flipFilter } from './conv-input';
export { depthwiseFilterGradient, depthwiseInputGradient, depthwiseScratch } from './depthwise';
export { averagePoolGradient, maxPool, maxPoolGradient } from './pool';
export { resizeBilinearGradient, resizeNearestGradient } from './resize';
export { segmentSum, sum } from './sum';
export { dilation, dilationFilterGradient, dilationInputGradient } from './dilation';
export { gather } from './gather';
