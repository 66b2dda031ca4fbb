import { CronSchedule, type OffsetMinutesAt } from "./cron.ts";

/** The stretches between two cron schedules, such as 09:15 to 10:15 on weekdays. Instants are seconds since 1970. */
export class CronWindow {
  readonly #from: CronSchedule;
  readonly #to: CronSchedule;

  /** Both read in one time zone. Throws `CronError`. */
  constructor(from: string, to: string, offsetMinutesAt: OffsetMinutesAt) {
    this.#from = new CronSchedule(from, offsetMinutesAt);
    this.#to = new CronSchedule(to, offsetMinutesAt);
  }

  /** Inside from the second of `from` until the second of `to`: while the next end comes before the next start (KEDA's cron scaler). */
  contains(atSeconds: number): boolean {
    const to = this.#to.next(atSeconds);
    return to !== undefined && to < (this.#from.next(atSeconds) ?? Number.POSITIVE_INFINITY);
  }

  /** The next start or end after an instant; `undefined` when there is none within five years. */
  nextEdge(afterSeconds: number): number | undefined {
    const from = this.#from.next(afterSeconds) ?? Number.POSITIVE_INFINITY;
    const to = this.#to.next(afterSeconds) ?? Number.POSITIVE_INFINITY;
    const edge = Math.min(from, to);
    return Number.isFinite(edge) ? edge : undefined;
  }
}
