const CELLS = 60;
const SIDE = 2.5;

/** The centres of the plane's cells, row by row: `[cells, 2]`. */
export function cellCentres(): Float32Array {
  const at = (index: number): number => ((index + 0.5) / CELLS - 0.5) * SIDE;
  return Float32Array.from({ length: 2 * CELLS * CELLS }, (_, index) => {
    const cell = index >> 1;
    return index % 2 === 0 ? at(cell % CELLS) : -at(Math.floor(cell / CELLS));
  });
}

/** Colours each cell by its class, and fades where the members disagree. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  probabilities: Float32Array,
  disagreement: Float32Array,
): void {
  const context = canvas.getContext('2d')!;
  const size = canvas.width / CELLS;
  context.clearRect(0, 0, canvas.width, canvas.height);
  probabilities.forEach((probability, cell) => {
    context.globalAlpha = Math.max(0, 1 - disagreement[cell]! / Math.LN2);
    context.fillStyle = probability > 0.5 ? '#d35400' : '#2471a3';
    context.fillRect((cell % CELLS) * size, Math.floor(cell / CELLS) * size, size, size);
  });
}
