import { type ApiReply, requestTimedOut } from "../apiserver/index.ts";
import { type Handler, handler, phase } from "../sim/index.ts";
import type { Effect, Task } from "./effect.ts";
import type { Process } from "./process.ts";

/** A task under way, and what to do with its result. */
interface Run {
  readonly task: Task<unknown>;
  readonly done: (result: unknown) => void;
  readonly life: number;
}

interface ApiCall {
  readonly run: Run;
  readonly effect: Extract<Effect, { do: "api" }>;
  reply: ApiReply | undefined;
}

const requestTimeoutUs = 30_000_000;

/**
 * Carries out what tasks yield, in virtual time: waits for tokens, sends, commits, replies. Crashes, lost replies and
 * partitions are here once, for every component.
 */
export class TaskRuntime {
  readonly #process: Process;
  readonly #commit: Handler<ApiCall>;
  readonly #reply: Handler<ApiCall>;
  readonly #resume: Handler<{ readonly run: Run; readonly value: unknown }>;

  constructor(process: Process) {
    this.#process = process;
    this.#commit = handler(`${process.name}/request`, (call) => this.#onCommit(call));
    this.#reply = handler(`${process.name}/reply`, (call) => this.#advance(call.run, call.reply));
    this.#resume = handler(`${process.name}/resume`, ({ run, value }) => this.#advance(run, value));
  }

  start(task: Task<unknown>, done: (result: unknown) => void): void {
    this.#advance({ task, done, life: this.#process.life }, undefined);
  }

  #advance(run: Run, value: unknown): void {
    let answer = value;
    while (run.life === this.#process.life) {
      const { done, value: effect } = run.task.next(answer);
      if (done === true) {
        run.done(effect);
        return;
      }
      const outcome = this.#perform(run, effect);
      if (outcome === suspended) return;
      answer = outcome;
    }
  }

  #perform(run: Run, effect: Effect): unknown {
    const { loop } = this.#process.surroundings;
    switch (effect.do) {
      case "api":
        return this.#send(run, effect);
      case "provider": {
        const { provider } = this.#process.options;
        if (provider === undefined) throw new Error(`${this.#process.name} has no cloud provider`);
        provider(effect.call, (value) => loop.schedule(loop.nowUs, phase.decide, this.#resume, { run, value }));
        return suspended;
      }
      case "all":
        return this.#performAll(run, effect.tasks);
      case "spawn":
        this.start(effect.task, () => undefined);
        return undefined;
      case "wait":
        if (effect.untilUs <= loop.nowUs) return undefined;
        loop.schedule(Math.ceil(effect.untilUs), phase.decide, this.#resume, { run, value: undefined });
        return suspended;
      case "event":
        this.#process.recorder(effect.client).record(effect);
        return undefined;
    }
  }

  #performAll(run: Run, tasks: readonly Task<unknown>[]): unknown {
    const results: unknown[] = new Array(tasks.length);
    let left = tasks.length;
    let waiting = false;
    for (const [index, task] of tasks.entries()) {
      this.start(task, (result) => {
        results[index] = result;
        left -= 1;
        if (left === 0 && waiting) this.#advance(run, results);
      });
    }
    waiting = true;
    return left === 0 ? results : suspended;
  }

  #send(run: Run, effect: Extract<Effect, { do: "api" }>): unknown {
    const process = this.#process;
    const strike = process.options.strike?.(effect);
    if (strike === "before") {
      process.crash();
      return suspended;
    }
    const { loop } = process.surroundings;
    const sentUs = process.bucket(effect.client).reserve(loop.nowUs);
    const call: ApiCall = { run, effect, reply: undefined };
    loop.schedule(sentUs + process.requestUs, phase.api, this.#commit, call);
    if (strike === "after") loop.schedule(sentUs + process.requestUs, phase.deliver, this.#crashNow, process);
    return suspended;
  }

  readonly #crashNow: Handler<Process> = handler("process/crash", (process) => process.crash());

  #onCommit(call: ApiCall): void {
    const process = this.#process;
    if (call.run.life !== process.life) return;
    const { loop, api } = process.surroundings;
    if (!process.connected) {
      call.reply = { ok: false, error: requestTimedOut };
      loop.schedule(loop.nowUs + requestTimeoutUs, phase.decide, this.#reply, call);
      return;
    }
    call.reply = api.handle(call.effect.request);
    loop.schedule(loop.nowUs + process.requestUs, phase.decide, this.#reply, call);
  }
}

/** The task goes on later. */
const suspended = Symbol("suspended");
