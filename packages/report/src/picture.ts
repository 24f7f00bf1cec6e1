import type { Markup } from './html.ts';
import type { PictureSpec } from './render-svg.ts';

/** A picture, its words, and the numbers behind it. */
export interface Picture {
  readonly file: string;
  readonly heading: string;
  /** What there is to see, for everybody. */
  readonly caption: string;
  readonly spec: PictureSpec;
  /** Absent where a table of the page already has them. */
  readonly numbers?: Markup;
}
