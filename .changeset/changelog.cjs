// Changelogs for users: what changed, without commits, and without a line for every package that moved along.
module.exports = {
  getReleaseLine: ({ summary }) => {
    const [first, ...rest] = summary.split('\n').map((line) => line.trimEnd());
    return Promise.resolve([`- ${first}`, ...rest.map((line) => `  ${line}`)].join('\n'));
  },
  getDependencyReleaseLine: () => Promise.resolve(''),
};
