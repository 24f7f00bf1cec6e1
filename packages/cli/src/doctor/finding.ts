/** What a check found: `ok`, `absent` (a thing that not everybody needs), or `problem`. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'absent' | 'problem';
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}
