// @ts-check
// What one learning rate costs in CPU time, here, in PyTorch and in optax. PyTorch is Debian's python3-torch; optax is in the
// environment that `npm run conformance long schedules` makes.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { anneal, equalCycles, growingCycles } from '@snapshot-ensemble/schedules';
import { torchCosineAnnealingWarmRestarts } from '@snapshot-ensemble/schedules/compat';
import { sideBySide } from './side-by-side.mjs';

const MILLION = 1_000_000;
const five = equalCycles({ totalSteps: MILLION, cycles: 5 });
const thousand = growingCycles({
  totalSteps: Math.round((10 * (1.005 ** 1000 - 1)) / 0.005),
  cycleLength: 10,
  cycleLengthMultiplier: 1.005,
});
if (thousand.cycles.length !== 1000) throw new Error(`${thousand.cycles.length} cycles, not 1000`);

const python = fileURLToPath(new URL('../conformance/.venv-schedules/bin/python', import.meta.url));
const torch = `
import time, warnings, torch
warnings.simplefilter('ignore')
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4000)
start = time.process_time()
for step in range(20000):
    scheduler.step()
print((time.process_time() - start) / 20000 * 1e9)`;
const optax = (/** @type {string} */ wrap) => `
import time, jax, optax
cycle = dict(init_value=0.1, peak_value=0.1, warmup_steps=0, decay_steps=4000)
schedule = ${wrap}(optax.sgdr_schedule([cycle] * 5))
schedule(0)
start = time.process_time()
for step in range(500):
    float(schedule(step))
print((time.process_time() - start) / 500 * 1e9)`;

await sideBySide({
  title: 'A million learning rates, CPU time: a millisecond here is a nanosecond each',
  packages: [],
  rounds: 9,
  contenders: [
    ...here('anneal, 5 equal cycles', five.totalSteps, anneal(five, { lrInit: 0.1 })),
    ...here('anneal, 1,000 growing cycles', thousand.totalSteps, anneal(thousand, { lrInit: 0.1 })),
    here(
      'compat torchCosineAnnealingWarmRestarts',
      MILLION,
      torchCosineAnnealingWarmRestarts({ lr: 0.1, T_0: 200_000 }),
    )[0],
    ...elsewhere('PyTorch CosineAnnealingWarmRestarts.step()', '/usr/bin/python3', torch),
    ...elsewhere('optax sgdr_schedule, jax.jit', python, optax('jax.jit')),
    ...elsewhere('optax sgdr_schedule', python, optax('')),
  ],
});

/**
 * @param {string} name
 * @param {number} totalSteps
 * @param {(step: number) => number} schedule
 */
function here(name, totalSteps, schedule) {
  // A jump prime to the length visits all steps in an order no branch predictor follows.
  return [
    { name, jump: 1 },
    { name: `${name}, in random order`, jump: 73_687 },
  ].map(({ name: title, jump }) => ({
    name: title,
    run: () => {
      let sum = 0;
      const start = process.cpuUsage();
      for (let draw = 0, step = 0; draw < MILLION; draw += 1) {
        sum += schedule(step);
        step += jump;
        if (step >= totalSteps) step -= totalSteps;
      }
      const { user, system } = process.cpuUsage(start);
      if (!(sum > 0)) throw new Error(`the learning rates add up to ${sum}`);
      return (user + system) / 1000;
    },
  }));
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string} program Prints the nanoseconds of one step.
 */
function elsewhere(name, command, program) {
  const run = () => {
    const { status, stdout, stderr } = spawnSync(command, ['-c', program], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} cannot be measured:\n${stderr}`);
    return (Number(stdout) * MILLION) / 1e6;
  };
  if (existsSync(command)) return [{ name, run }];
  console.log(`not measured, for ${command} is not there: ${name}`);
  return [];
}
