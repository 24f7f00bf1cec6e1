// Draws on 28 × 28 pixels, asks the server after each stroke, and shows what the ensemble, and each member, makes of it.
const MODEL = new URL('/v2/models/digits', location.href);
const canvas = document.getElementById('canvas');
const pen = canvas.getContext('2d', { willReadFrequently: true });
const by = (id) => document.getElementById(id);

const model = await ask(MODEL);
const config = await ask(`${MODEL}/config`);
const policy = Object.values(JSON.parse(config.parameters.policy.string_value))[0];
const [input] = model.inputs;
const names = model.outputs.map(({ name }) => name);
const prediction = names[0];
const find = (part) => names.find((name) => name.startsWith(prediction) && name.includes(part));
const wanted = [
  prediction,
  ...['members', 'mutual_information', 'abstain', 'label'].map(find),
].filter(Boolean);

canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  pen.beginPath();
  stroke(event);
});
canvas.addEventListener('pointermove', (event) => {
  if (event.buttons !== 0) stroke(event);
});
canvas.addEventListener('pointerup', () => void look());
by('clear').addEventListener('click', () => {
  pen.clearRect(0, 0, 28, 28);
  by('verdict').textContent = 'Draw something.';
  for (const id of ['confidence', 'classes', 'members']) by(id).replaceChildren();
});

function stroke({ offsetX, offsetY }) {
  const scale = 28 / canvas.clientWidth;
  pen.lineWidth = 2.2;
  pen.lineCap = pen.lineJoin = 'round';
  pen.strokeStyle = '#fff';
  pen.lineTo(offsetX * scale, offsetY * scale);
  pen.stroke();
}

async function look() {
  const { data: rgba } = pen.getImageData(0, 0, 28, 28);
  const data = Array.from({ length: 784 }, (_, pixel) => rgba[4 * pixel + 3] / 255);
  const body = {
    inputs: [{ name: input.name, datatype: 'FP32', shape: [1, ...input.shape.slice(1)], data }],
    outputs: wanted.map((name) => ({ name })),
  };
  try {
    const answer = await ask(`${MODEL}/infer`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    show(Object.fromEntries(answer.outputs.map((output) => [output.name, output])));
  } catch (error) {
    by('verdict').textContent = error.message;
  }
}

function show(outputs) {
  const probabilities = outputs[prediction].data;
  const best = top(probabilities);
  const label = outputs[find('label')]?.data[0] ?? String(best);
  const information = outputs[find('mutual_information')]?.data[0] ?? 0;
  const isUnknown = outputs[find('abstain')]?.data[0] ?? information > threshold();
  by('verdict').textContent = isUnknown
    ? `Never seen anything like it. (If it must be: ${label})`
    : `It is ${label}.`;
  by('verdict').dataset.sure = isUnknown ? 'no' : 'yes';
  by('confidence').textContent =
    `Confidence ${percent(probabilities[best])}; the members disagree by ${information.toFixed(3)} nats.`;
  by('classes').replaceChildren(
    ...probabilities.map((value, index) => row(String(index), bar(value), percent(value))),
  );
  const members = outputs[find('members')];
  if (members === undefined) return;
  const [, count, classes] = members.shape;
  by('members').replaceChildren(
    ...Array.from({ length: count }, (_, member) => {
      const own = members.data.slice(member * classes, (member + 1) * classes);
      return row(`member ${member + 1}`, String(top(own)), percent(own[top(own)]));
    }),
  );
}

// Where the bundle was exported without a threshold of its own: a fifth of the most that members can disagree.
function threshold() {
  const fitted = policy.abstain;
  return fitted?.score === 'mutualInformation' ? fitted.threshold : Math.log(10) / 5;
}

function top(values) {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

function percent(value) {
  return `${(100 * value).toFixed(1)} %`;
}

function bar(value) {
  return Object.assign(document.createElement('meter'), { value, max: 1 });
}

function row(...cells) {
  const line = document.createElement('tr');
  line.append(
    ...cells.map((content) => {
      const cell = document.createElement('td');
      cell.append(content);
      return cell;
    }),
  );
  return line;
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

document.body.dataset.ready = 'yes';
