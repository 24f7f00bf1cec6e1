import { parse, type DefaultTreeAdapterTypes } from 'parse5';

type Element = DefaultTreeAdapterTypes.Element;

/** Every element of a page, as a browser's parser sees it. */
export function elementsOf(page: string): readonly Element[] {
  return [...descend(parse(page))].filter((node) => 'tagName' in node);
}

/** An element's text, runs of white space as one blank. */
export function textOf(node: DefaultTreeAdapterTypes.ParentNode): string {
  const texts = [...descend(node)].map((child) => ('value' in child ? child.value : ''));
  return texts.join('').replace(/\s+/g, ' ').trim();
}

/** What a page would run or fetch: scripts, handlers, frames, and addresses in any attribute or style. */
export function reachesOut(page: string): readonly string[] {
  return elementsOf(page).flatMap((element) => {
    const { tagName, attrs } = element;
    const isActive = ['script', 'iframe', 'object', 'embed', 'link', 'base', 'form'].includes(
      tagName,
    );
    const loud = attrs.filter(
      ({ name, value, namespace }) =>
        name.startsWith('on') ||
        (['href', 'src', 'srcset', 'action'].includes(name) && !value.startsWith('#')) ||
        (/(https?:)?\/\//.test(value) && name !== 'xmlns' && namespace === undefined),
    );
    const fetches = tagName === 'style' && /url\(|@import/.test(textOf(element));
    return [
      ...(isActive || fetches ? [tagName] : []),
      ...loud.map(({ name, value }) => `${tagName} ${name}=${value}`),
    ];
  });
}

function* descend(
  node: DefaultTreeAdapterTypes.ParentNode,
): Generator<DefaultTreeAdapterTypes.ChildNode> {
  for (const child of node.childNodes) {
    yield child;
    if ('childNodes' in child) yield* descend(child);
  }
}
