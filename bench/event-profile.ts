/** Wall time by kind of event: from one event to the next. */
export class EventProfile {
  readonly #byLabel = new Map<string, { count: number; ns: number }>();
  #current: { count: number; ns: number } | undefined;
  #since = process.hrtime.bigint();

  /** Called as an event fires. */
  note(label: string): void {
    const now = process.hrtime.bigint();
    if (this.#current !== undefined) this.#current.ns += Number(now - this.#since);
    this.#since = now;
    let entry = this.#byLabel.get(label);
    if (entry === undefined) {
      entry = { count: 0, ns: 0 };
      this.#byLabel.set(label, entry);
    }
    entry.count += 1;
    this.#current = entry;
  }

  /** The ten most expensive kinds as a table. */
  text(): string {
    const rows = [...this.#byLabel].sort(([, a], [, b]) => b.ns - a.ns);
    const total = rows.reduce((sum, [, { ns }]) => sum + ns, 0);
    const lines = rows.slice(0, 10).map(([label, { count, ns }]) => {
      const share = ((100 * ns) / total).toFixed(1);
      return `| ${label} | ${count} | ${(ns / count / 1000).toFixed(1)} | ${share} |`;
    });
    return ["| kind | events | µs each | % |", "| --- | ---: | ---: | ---: |", ...lines].join("\n");
  }
}
