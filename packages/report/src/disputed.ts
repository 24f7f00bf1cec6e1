import type { Disputed } from './evidence.ts';
import { html, trusted, type Markup } from './html.ts';

/** Shades of ink; more are not told apart and cost bytes. */
const shades = 12;

/** Grey images with what they are and what the members say. Drawn as paths: no picture file, and dark mode inverts them. */
export function disputedSection({ images, width, height }: Disputed): Markup {
  return html`<section>
    <h2>What the members dispute most</h2>
    <p class="note">
      The images with the most disagreement; below each, its label and the members' votes.
    </p>
    <div class="images">
      ${images.map(
        ({ pixels, label, votes }) =>
          html`<figure class="image">
            ${trusted(imageSvg(pixels, width, height, label))}
            <figcaption><strong>${label}</strong><br />${votes}</figcaption>
          </figure>`,
      )}
    </div>
  </section>`;
}

function imageSvg(pixels: ArrayLike<number>, width: number, height: number, label: string): string {
  const paths = Array<string>(shades + 1).fill('');
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width;) {
      const shade = Math.round(shades * pixels[y * width + x]!);
      let end = x + 1;
      while (end < width && Math.round(shades * pixels[y * width + end]!) === shade) end++;
      if (shade > 0) paths[shade]! += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = end;
    }
  }
  const drawn = paths.map((path, shade) =>
    path === '' ? '' : `<path fill-opacity="${(shade / shades).toFixed(2)}" d="${path}"/>`,
  );
  const { markup } = html`${label}`;
  return `<svg role="img" aria-label="${markup}" viewBox="0 0 ${width} ${height}" fill="var(--ink)" shape-rendering="crispEdges">${drawn.join('')}</svg>`;
}
