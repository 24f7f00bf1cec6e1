export const memberFolder = 'members/';
export const checkpointFolder = 'checkpoints/';

const stepDigits = 8;
const randomDigits = 12;

/** Name of one save after so many steps: sorts by step, and is never used again. */
export function saveName(step: number): string {
  const random = crypto.randomUUID().replaceAll('-', '').slice(0, randomDigits);
  return `step-${String(step).padStart(stepDigits, '0')}-${random}`;
}
