import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { elementsOf, textOf } from '../test/read-html.ts';
import { html, trusted } from './html.ts';

/** What HTML itself changes: a parser drops NUL and makes every line end \n. */
const text = fc.string({ unit: 'grapheme' }).filter((value) => !/[\0\r]/.test(value));

describe('html', () => {
  it('keeps markup and numbers, and joins lists', () => {
    const items = [1, 2].map((value) => html`<li>${value}</li>`);
    const list = html`<ul>
      ${items}${trusted('<hr>')}
    </ul>`.markup;
    expect(list.replace(/\s+/g, '')).toBe('<ul><li>1</li><li>2</li><hr></ul>');
  });

  test.prop([text, text])(
    'text reads back as it was, in an element and in an attribute',
    (body, attribute) => {
      const { markup } = html`<!doctype html>
        <p title="${attribute}">|${body}|</p>`;
      const paragraphs = elementsOf(markup).filter(({ tagName }) => tagName === 'p');
      expect(paragraphs).toHaveLength(1);
      expect(paragraphs[0]!.attrs).toEqual([{ name: 'title', value: attribute }]);
      expect(textOf(paragraphs[0]!)).toBe(`|${body}|`.replace(/\s+/g, ' '));
    },
  );
});
