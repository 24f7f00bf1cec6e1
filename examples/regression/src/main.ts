import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderSvg } from '@snapshot-ensemble/report';
import { fitCurve } from './curve.ts';
import { bandPicture } from './picture.ts';

const result = await fitCurve();
const folder = fileURLToPath(new URL('../out/', import.meta.url));
await mkdir(folder, { recursive: true });
await writeFile(`${folder}band.svg`, await renderSvg(bandPicture(result)));

const typical = (from: number, to: number): string => {
  const inside = result.points.filter(({ x }) => x >= from && x <= to);
  const sum = inside.reduce((total, { deviation }) => total + deviation, 0);
  return (sum / inside.length).toFixed(3);
};
console.log(`${result.members} members of one run. Their standard deviation, on average:`);
console.log(`  where there are data, on [-1.5, 0]:  ${typical(-1.5, 0)}`);
console.log(`  in the gap, on [0.2, 0.8]:           ${typical(0.2, 0.8)}`);
console.log(`  beyond the data, on [1.7, 2]:        ${typical(1.7, 2)}`);
console.log(`The picture is ${folder}band.svg`);
