import { createHash } from 'node:crypto';
import { script } from './script.ts';
import { style } from './style.ts';

const digest = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Models of this server</title>
<style>${style}</style>
<h1>Models of this server</h1>
<p><a href="/metrics">metrics</a> · <a href="/openapi.json">openapi.json</a> · <span id="server"></span></p>
<label>Key, where the server needs one <input id="key" type="password" autocomplete="off"></label>
<main id="models">Loading …</main>
<script>${script}</script>
</html>
`;

/** The page at `/`: models, their cards, a form to try one. It loads nothing from elsewhere. */
export const pageText: string = html;

/** Only what is in the page may run, and it may talk to this server alone. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
