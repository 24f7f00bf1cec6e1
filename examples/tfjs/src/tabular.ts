// A table with numbers and categories: rents of made-up flats by area, rooms and district. The members' spread is an error bar.
import * as tf from '@tensorflow/tfjs';
import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';

const districts = 6;

function flats(count: number, seed: number) {
  const area = tf.randomUniform([count, 1], 20, 120, 'float32', seed);
  const rooms = area
    .div(28)
    .add(tf.randomNormal([count, 1], 0, 0.5, 'float32', seed + 1))
    .round();
  const district = tf.randomUniform([count, 1], 0, districts, 'int32', seed + 2);
  const noise = tf.randomNormal([count, 1], 0, 60, 'float32', seed + 3);
  const rent = area.mul(district.mul(1.5).add(9)).add(rooms.mul(40)).add(noise);
  return { numbers: tf.concat([area, rooms], 1), district, rent };
}

const training = flats(600, 1);
const test = flats(300, 7);
// Scales come from the training rows alone.
const { mean, variance } = tf.moments(training.numbers, 0);
const rents = tf.moments(training.rent);
const scaled = ({ numbers, district }: ReturnType<typeof flats>) => [
  numbers.sub(mean).div(variance.sqrt()),
  district,
];
const scaledRent = ({ rent }: ReturnType<typeof flats>) =>
  rent.sub(rents.mean).div(rents.variance.sqrt());

const numbers = tf.input({ shape: [2], name: 'numbers' });
const district = tf.input({ shape: [1], name: 'district' });
const embedding = tf.layers.embedding({ inputDim: districts, outputDim: 3, inputLength: 1 });
const place = tf.layers.flatten().apply(embedding.apply(district)) as tf.SymbolicTensor;
const joined = tf.layers.concatenate().apply([numbers, place]) as tf.SymbolicTensor;
const hidden = tf.layers
  .dense({ units: 32, activation: 'relu' })
  .apply(joined) as tf.SymbolicTensor;
const rent = tf.layers.dense({ units: 1, name: 'rent' }).apply(hidden) as tf.SymbolicTensor;
const model = tf.model({ inputs: [numbers, district], outputs: rent });
model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' });
await model.fit(scaled(training), scaledRent(training), {
  epochs: 40,
  callbacks: snapshotEnsembleCallback(tf, { cycles: 4, store: 'Ensemble' }),
});

const ensemble = await loadMembers(tf, 'Ensemble');
const { ensemble: metrics } = await ensemble.evaluate(scaled(test), scaledRent(test));
const scale = rents.variance.sqrt().dataSync()[0]!;
console.log(
  `mean absolute error: ${(metrics['mae']! * scale).toFixed(0)} (the noise alone makes 48)`,
);
