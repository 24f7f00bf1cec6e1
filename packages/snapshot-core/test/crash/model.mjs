// @ts-check
export const elements = 200_000;

export const model = {
  format: 'test',
  topology: {},
  weights: [{ name: 'w', dtype: /** @type {const} */ ('float32'), shape: [elements] }],
};

export const plan = { totalSteps: 1_000_000, cycles: [{ index: 0, start: 0, end: 1_000_000 }] };
