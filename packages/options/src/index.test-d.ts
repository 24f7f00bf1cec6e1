import { checkOptions } from './index.ts';

declare const options: { readonly cycles?: number } | { readonly cycleLength: number };

checkOptions('train', options, { cycles: true, cycleLength: true });
// @ts-expect-error -- an option was forgotten
checkOptions('train', options, { cycles: true });
// @ts-expect-error -- there is no such option
checkOptions('train', options, { cycles: true, cycleLength: true, cycle: true });
