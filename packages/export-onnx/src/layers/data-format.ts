import type { DataFormat } from '../graph/spatial.ts';
import type { Config } from '../keras/config.ts';

export function dataFormatOf(config: Config): DataFormat {
  return config.choice('dataFormat', ['channelsFirst', 'channelsLast'], 'channelsLast');
}
