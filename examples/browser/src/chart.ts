import type { CyclePlan, Schedule } from '@snapshot-ensemble/schedules';
import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';

/** Draws the learning rate of the whole run at once, and the validation loss as it becomes known. */
export function lossChart(
  canvas: HTMLCanvasElement,
  plan: CyclePlan,
  schedule: Schedule,
): { draw: () => void; callback: TrainingCallback } {
  const context = canvas.getContext('2d')!;
  /** `[step, loss]` after each epoch. */
  let losses: [number, number][] = [];

  const line = (points: [number, number][], highest: number, colour: string): void => {
    context.strokeStyle = colour;
    context.beginPath();
    for (const [step, value] of points)
      context.lineTo(
        (step / plan.totalSteps) * canvas.width,
        canvas.height - 4 - (value / highest) * (canvas.height - 24),
      );
    context.stroke();
  };
  const draw = (): void => {
    const rates = Array.from({ length: plan.totalSteps }, (_, step): [number, number] => [
      step,
      schedule(step),
    ]);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.lineWidth = 2;
    line(rates, Math.max(...rates.map(([, rate]) => rate)), '#bbb');
    line(losses, Math.max(...losses.map(([, loss]) => loss)), '#c0392b');
    context.fillStyle = '#777';
    context.fillText('learning rate', 8, 12);
    context.fillStyle = '#c0392b';
    context.fillText('validation loss', 88, 12);
  };

  return {
    draw,
    callback: {
      name: 'chart',
      onEpochEnd: ({ step, metrics }) => {
        losses.push([step, metrics['val_loss'] ?? NaN]);
        draw();
      },
      // Kept in the checkpoint, so that the line goes on after a reload.
      saveState: () => ({ json: losses }),
      restoreState: ({ json }) => {
        losses = json as [number, number][];
      },
    },
  };
}
