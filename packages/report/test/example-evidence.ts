import type { Evidence } from '../src/index.ts';

/** Something of every kind of evidence. */
export const exampleEvidence: Evidence = {
  riskCoverage: [
    {
      name: 'Last 3',
      kind: 'ensemble',
      points: [0.5, 0.9, 1].map((coverage) => ({ coverage, risk: 0.1 * coverage })),
    },
    {
      name: 'Single model',
      kind: 'single',
      points: [0.5, 0.9, 1].map((coverage) => ({ coverage, risk: 0.12 * coverage })),
    },
  ],
  unknownInputs: [
    {
      name: 'Last 3',
      score: 'mutual information, nats',
      known: [0, 0.1, 0.1, 0.4],
      unknown: [0.3, 0.6, 1],
      threshold: 0.35,
      names: { known: 'garments', unknown: 'digits' },
    },
    {
      name: 'Single model',
      score: 'energy',
      known: [-9, -8, -4],
      unknown: [-5, -3],
      names: { known: 'garments', unknown: 'digits' },
    },
  ],
  reliability: {
    before: [
      { confidence: 0.6, accuracy: 0.5, count: 20 },
      { confidence: 0, accuracy: 0, count: 0 },
      { confidence: 0.95, accuracy: 0.9, count: 80 },
    ],
    after: [
      { confidence: 0.55, accuracy: 0.5, count: 25 },
      { confidence: 0.9, accuracy: 0.9, count: 75 },
    ],
  },
  agreement: {
    members: ['1', '2', '3'],
    disagreement: [
      [0, 0.1, 0.12],
      [0.1, 0, 0.08],
      [0.12, 0.08, 0],
    ],
  },
  disputed: {
    width: 2,
    height: 2,
    images: [{ pixels: [0, 1, 0.5, 0.5], label: 'Coat', votes: 'Coat 2, Shirt 1' }],
  },
  cascade: [
    { name: 'one member', cost: 1, accuracy: 0.9 },
    { name: 'all', cost: 3, accuracy: 0.93 },
  ],
  interpolation: [
    {
      name: '1 → 2',
      points: [
        { share: 0, value: 0.2 },
        { share: 0.5, value: 0.4 },
        { share: 1, value: 0.18 },
      ],
    },
  ],
};
