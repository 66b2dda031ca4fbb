import { compareText } from "./compare-text.ts";
import {
  checkRequirement,
  type LabelRequirement,
  labelKeyErrors,
  type SelectionOperator,
  SelectorError,
} from "./selector-requirement.ts";

type Token = { readonly kind: "identifier" | "end" | "error" | Symbol; readonly text: string };
type Symbol = ")" | "," | "!" | "==" | "=" | ">" | "in" | "<" | "!=" | "notin" | "(";

const symbols: ReadonlySet<string> = new Set([")", ",", "!", "==", "=", ">", "<", "!=", "("]);

/** Requirements of a label selector string, in the order of their keys. Throws `SelectorError` with upstream's text. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const requirements = new Parser(tokens(text)).selector();
  return requirements.sort((left, right) => compareText(left.key, right.key));
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (" \t\r\n".includes(character)) {
      at++;
    } else if ("=!(),><".includes(character)) {
      // The longest symbol that starts here; a symbol character that extends none ends it.
      const two = text.slice(at, at + 2);
      const symbol = symbols.has(two) ? two : character;
      found.push({ kind: symbol as Symbol, text: symbol });
      at += symbol.length;
    } else {
      const start = at;
      while (at < text.length && !" \t\r\n=!(),><".includes(text[at]!)) at++;
      const word = text.slice(start, at);
      found.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
    }
  }
  found.push({ kind: "end", text: "" });
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  selector(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.kind === "end") return requirements;
      if (next.kind !== "identifier" && next.kind !== "!") {
        throw new SelectorError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator.kind === "end") return requirements;
      if (separator.kind !== ",") {
        throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
      }
      const { kind, text } = this.#peek();
      if (kind !== "identifier" && kind !== "!") {
        throw new SelectorError(`found '${text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    try {
      return checkRequirement(this.#uncheckedRequirement());
    } catch (error) {
      throw error instanceof SelectorError ? new SelectorError(`unable to parse requirement: ${error.message}`) : error;
    }
  }

  #uncheckedRequirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.kind === "!";
    if (negated) token = this.#take();
    if (token.kind !== "identifier") throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    for (const { text } of labelKeyErrors(key, "<nil>")) throw new SelectorError(text);
    const next = this.#peek().kind;
    if (negated) return { key, operator: "!", values: [] };
    if (next === "end" || next === ",") return { key, operator: "exists", values: [] };
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#values() : [this.#exactValue()];
    return { key, operator, values: [...new Set(values)].sort() };
  }

  #operator(): SelectionOperator {
    const { kind, text } = this.#tokens[this.#at++]!;
    switch (kind) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
        return kind;
      case ">":
        return "gt";
      case "<":
        return "lt";
      default:
        throw new SelectorError(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #exactValue(): string {
    const { kind } = this.#peek();
    if (kind === "end" || kind === ",") return "";
    const token = this.#take();
    if (token.kind === "identifier") return token.text;
    throw new SelectorError(`found '${token.text}', expected: identifier`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const { kind, text } = this.#peek();
    if (kind === ")") {
      this.#take();
      return [""];
    }
    if (kind !== "identifier" && kind !== ",") {
      throw new SelectorError(`found '${text}', expected: ',', ')' or identifier`);
    }
    const values = this.#identifiers();
    this.#take();
    return values;
  }

  /** Up to the closing parenthesis: blanks between commas are empty values. */
  #identifiers(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      const next = this.#peek();
      if (token.kind === "identifier") {
        values.push(token.text);
        if (next.kind === ")") return values;
        if (next.kind !== ",") throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ",") {
        if (values.length === 0) values.push("");
        if (next.kind === ")" || next.kind === ",") values.push("");
        if (next.kind === ")") return values;
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  /** The next token, `in` and `notin` taken as words. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens[this.#tokens.length - 1]!;
    return token.kind === "in" || token.kind === "notin" ? { kind: "identifier", text: token.text } : token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}
