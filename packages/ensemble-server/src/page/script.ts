/** Runs in the page. What a server says is inserted as text, never as HTML. */
export const script = `
'use strict';
const by = (id) => document.getElementById(id);
const make = (name, attributes, ...children) => {
  const element = document.createElement(name);
  Object.assign(element, attributes);
  element.append(...children);
  return element;
};
const headers = () => by('key').value === '' ? {} : { Authorization: 'Bearer ' + by('key').value };
const ask = async (path, options = {}) => {
  const response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  const text = await response.text();
  if (!response.ok) {
    let message = text;
    try { message = JSON.parse(text).error; } catch {}
    throw new Error(response.status + ': ' + message);
  }
  return (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : text;
};
const table = (title, rows) => make('table', {},
  make('caption', { textContent: title }),
  ...rows.map((row, index) => make('tr', {}, ...row.map((cell) => make(index === 0 ? 'th' : 'td', { textContent: cell })))));
const tensors = (title, list) => table(title, [['name', 'datatype', 'shape'],
  ...list.map(({ name, datatype, shape }) => [name, datatype, shape.map((side) => side < 0 ? 'any' : side).join(' × ')])]);
const example = ({ inputs }) => JSON.stringify({ inputs: inputs.map(({ name, datatype, shape }) => {
  const sides = shape.map((side) => side < 0 ? 1 : side);
  const count = sides.reduce((product, side) => product * side, 1);
  return { name, datatype, shape: sides, data: Array(Math.min(count, 100000)).fill(datatype === 'BOOL' ? false : 0) };
}) });
const answerTable = ({ outputs }) => make('div', {}, ...outputs.map(({ name, shape, data }) => {
  const width = shape.length < 2 ? 1 : shape.slice(1).reduce((product, side) => product * side, 1);
  const rows = Array.from({ length: Math.min(20, shape[0]) }, (_, row) =>
    [row, ...data.slice(row * width, (row + 1) * width).slice(0, 12).map((value) => typeof value === 'number' ? Number(value.toPrecision(4)) : value)]);
  return table(name + ' [' + shape.join(', ') + ']', [['row', ''], ...rows]);
}));
const section = async (name) => {
  const base = '/v2/models/' + encodeURIComponent(name);
  const meta = await ask(base);
  const request = make('textarea', { rows: 6, value: example(meta), ariaLabel: 'Request to ' + name, spellcheck: false });
  const out = make('div', { ariaLive: 'polite' });
  const button = make('button', { textContent: 'Ask ' + name });
  button.onclick = async () => {
    try {
      const answer = await ask(base + '/infer', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: request.value });
      out.replaceChildren(answerTable(answer), make('details', {}, make('summary', { textContent: 'JSON' }), make('pre', { textContent: JSON.stringify(answer, null, 1) })));
    } catch (error) {
      out.replaceChildren(make('p', { role: 'alert', textContent: error.message }));
    }
  };
  const card = await ask(base + '/card').catch(() => undefined);
  const { properties = {} } = meta;
  return make('section', { id: 'model-' + name },
    make('h2', { textContent: name }),
    make('p', { textContent: 'Version ' + meta.versions.join(', ') + '; ' + Object.entries(properties).filter(([key]) => key !== 'card').map(([key, value]) => key + ' ' + value).join('; ') }),
    tensors('Inputs', meta.inputs), tensors('Outputs', meta.outputs),
    ...(card === undefined ? [] : [make('details', {}, make('summary', { textContent: 'Card' }), make('pre', { textContent: card }))]),
    make('h3', { textContent: 'Try it' }), request, button, out);
};
const show = async () => {
  try {
    const { name, version } = await ask('/v2');
    by('server').textContent = name + ' ' + version;
    const { models } = await ask('/v2/models');
    by('models').replaceChildren(...await Promise.all(models.map((model) => section(model).catch((error) =>
      make('section', {}, make('h2', { textContent: model }), make('p', { role: 'alert', textContent: error.message }))))));
  } catch (error) {
    by('models').replaceChildren(make('p', { role: 'alert', textContent: error.message }));
  }
};
by('key').onchange = show;
show();
`;
