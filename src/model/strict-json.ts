/** JSON with the paths of keys that stand twice in one object; the last value counts. Throws `SyntaxError` on text that is no JSON. */
export function parseJsonWithDuplicates(text: string): {
  readonly value: unknown;
  readonly duplicates: readonly string[];
} {
  const value: unknown = JSON.parse(text);
  return { value, duplicates: new DuplicateScanner(text).scan() };
}

/** Walks text that is known to be valid JSON. */
class DuplicateScanner {
  readonly #text: string;
  readonly #found: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): string[] {
    this.#value("");
    return this.#found;
  }

  #value(path: string): void {
    this.#blanks();
    const character = this.#text[this.#at];
    if (character === "{") this.#object(path);
    else if (character === "[") this.#array(path);
    else if (character === '"') this.#string();
    else while (this.#at < this.#text.length && !",]} \t\r\n".includes(this.#text[this.#at]!)) this.#at++;
    this.#blanks();
  }

  #object(path: string): void {
    const keys = new Map<string, number>();
    this.#at++;
    for (this.#blanks(); this.#text[this.#at] !== "}"; this.#comma()) {
      const key = this.#string();
      const child = path === "" ? key : `${path}.${key}`;
      const times = (keys.get(key) ?? 0) + 1;
      keys.set(key, times);
      if (times === 2) this.#found.push(child);
      this.#blanks();
      this.#at++; // The colon.
      this.#value(child);
    }
    this.#at++;
  }

  #array(path: string): void {
    this.#at++;
    let index = 0;
    for (this.#blanks(); this.#text[this.#at] !== "]"; this.#comma()) this.#value(`${path}[${index++}]`);
    this.#at++;
  }

  #string(): string {
    const start = this.#at++;
    for (; this.#text[this.#at] !== '"'; this.#at++) if (this.#text[this.#at] === "\\") this.#at++;
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #comma(): void {
    this.#blanks();
    if (this.#text[this.#at] === ",") this.#at++;
    this.#blanks();
  }

  #blanks(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }
}
