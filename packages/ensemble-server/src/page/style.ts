export const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0.2rem 1rem 0.2rem 0; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
textarea { width: 100%; font: 0.85rem/1.4 ui-monospace, monospace; box-sizing: border-box; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: 0.75rem; }
[role=alert] { color: #c33; }
`;
