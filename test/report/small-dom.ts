/** As much of a document as d3 asks for to draw: elements with attributes, children, text and listeners; selectors of a tag and classes. */

type Listener = (event: object) => void;

export class SmallElement {
  readonly ownerDocument: unknown;
  readonly namespaceURI: string | null;
  readonly tagName: string;
  readonly attributes = new Map<string, string>();
  childNodes: SmallElement[] = [];
  parentNode: SmallElement | null = null;
  clientWidth = 0;
  className = '';
  type = '';
  private own = '';
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(tagName: string, ownerDocument: unknown, namespaceURI: string | null = null) {
    this.tagName = tagName;
    this.ownerDocument = ownerDocument;
    this.namespaceURI = namespaceURI;
  }
  get textContent(): string {
    return this.own + this.childNodes.map((c) => c.textContent).join('');
  }
  set textContent(text: string) {
    this.own = text;
    this.childNodes = [];
  }
  get nextSibling(): SmallElement | null {
    const all = this.parentNode?.childNodes ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }
  get children(): SmallElement[] {
    return this.childNodes;
  }
  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }
  setAttributeNS(_space: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }
  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }
  insertBefore(child: SmallElement, before: SmallElement | null): SmallElement {
    child.parentNode?.removeChild(child);
    const at = before === null ? this.childNodes.length : this.childNodes.indexOf(before);
    this.childNodes.splice(at, 0, child);
    child.parentNode = this;
    return child;
  }
  appendChild(child: SmallElement): SmallElement {
    return this.insertBefore(child, null);
  }
  append(...children: readonly SmallElement[]): void {
    for (const child of children) this.appendChild(child);
  }
  removeChild(child: SmallElement): SmallElement {
    this.childNodes = this.childNodes.filter((c) => c !== child);
    child.parentNode = null;
    return child;
  }
  private matches(selector: string): boolean {
    const [tag, ...classes] = selector.split('.');
    const own = (this.attributes.get('class') ?? this.className).split(' ');
    return (tag === '' || tag === this.tagName) && classes.every((c) => own.includes(c));
  }
  querySelectorAll(selector: string): SmallElement[] {
    return this.childNodes.flatMap((c) => [...(c.matches(selector) ? [c] : []), ...c.querySelectorAll(selector)]);
  }
  querySelector(selector: string): SmallElement | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  compareDocumentPosition(other: SmallElement): number {
    const order = (e: SmallElement): number[] =>
      e.parentNode === null ? [] : [...order(e.parentNode), e.parentNode.childNodes.indexOf(e)];
    const [a, b] = [order(this), order(other)];
    const at = a.findIndex((n, i) => n !== b[i]);
    return at < 0 || a[at]! < (b[at] ?? -1) ? 4 : 2;
  }
  addEventListener(name: string, listener: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }
  removeEventListener(name: string, listener: Listener): void {
    this.listeners.get(name)?.delete(listener);
  }
  /** What a person does: the listeners of that name are called. */
  fire(name: string, event: object = {}): void {
    for (const listener of this.listeners.get(name) ?? []) listener.call(this, { type: name, target: this, currentTarget: this, ...event });
  }
  listening(): number {
    return [...this.listeners.values()].reduce((n, set) => n + set.size, 0);
  }
}

export interface SmallDocument {
  readonly documentElement: SmallElement;
  readonly createElement: (tag: string) => SmallElement;
  readonly createElementNS: (space: string, tag: string) => SmallElement;
}
export function smallDocument(): { readonly document: SmallDocument; readonly window: SmallElement } {
  const document: Record<string, unknown> = {};
  const window = Object.assign(new SmallElement('window', document), { document });
  document['createElement'] = (tag: string) => new SmallElement(tag, document, 'http://www.w3.org/1999/xhtml');
  document['createElementNS'] = (space: string, tag: string) => new SmallElement(tag, document, space);
  document['documentElement'] = Object.assign(new SmallElement('html', document), { namespaceURI: 'http://www.w3.org/1999/xhtml' });
  document['defaultView'] = window;
  return { document: document as unknown as SmallDocument, window };
}
