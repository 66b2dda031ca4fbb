import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  CronError,
  type CronJob,
  type CronJobStatus,
  CronSchedule,
  controllerOf,
  controllerReference,
  cronJobJobName,
  dueStart,
  type Job,
  keyOf,
  type ObjectKey,
  type OffsetMinutesAt,
  objectKey,
  parseCron,
  requeueAfterSeconds,
  sameContent,
  utc,
} from "../../model/index.ts";
import { rfc1123Time, rfc3339Time } from "./time-texts.ts";

const client = "cronjob-controller";

/** Time zones by name, resolved where the scenario is read. */
export type TimeZones = (name: string) => OffsetMinutesAt | undefined;

/** cronjob-controller of kube-controller-manager v1.36. It does not poll: each sync says when the next start is due. */
export function cronJobController(zones: TimeZones): Controller<undefined> {
  return {
    name: client,
    workers: 5,
    memory: () => undefined,
    watches: [
      { kind: "CronJob", keys: ({ key }: Change<CronJob>) => [key] },
      { kind: "Job", keys: jobKeys },
    ],
    reconcile: (key, view) => reconcile(key, view, zones),
  };
}

function jobKeys({ before, after }: Change<Job>): ObjectKey[] {
  const job = (after ?? before)!;
  const owner = controllerOf(job);
  return owner?.kind === "CronJob" ? [objectKey(job.metadata.namespace, owner.name)] : [];
}

function* reconcile(key: ObjectKey, view: View, zones: TimeZones): Task<Outcome> {
  const cronJob = view.get("CronJob", key);
  if (cronJob === undefined) return "done";
  const sync = new CronSync(cronJob, view, zones);
  yield* sync.cleanUp();
  const outcome = yield* sync.run();
  const { status } = sync;
  if (!sameContent(status, cronJob.status)) {
    const reply = yield* callApi(client, { verb: "update", next: { ...cronJob, status } as CronJob, part: "status" });
    if (!reply.ok) return { retry: reply.error };
  }
  return outcome;
}

/** The condition that ended a Job. */
function endOf({ status }: Job): "Complete" | "Failed" | undefined {
  const end = status.conditions?.find(
    (condition) => condition.status === "True" && (condition.type === "Complete" || condition.type === "Failed"),
  );
  return end?.type as "Complete" | "Failed" | undefined;
}

/** One sync of one CronJob; its status is changed in memory and written once. */
class CronSync {
  status: CronJobStatus;
  readonly #cronJob: CronJob;
  readonly #view: View;
  readonly #zones: TimeZones;
  #jobs: readonly Job[];

  constructor(cronJob: CronJob, view: View, zones: TimeZones) {
    this.#cronJob = cronJob;
    this.status = cronJob.status;
    this.#view = view;
    this.#zones = zones;
    this.#jobs = [...view.ownedBy("Job", cronJob.metadata.uid)];
  }

  /** Ended Jobs beyond the history limits, oldest first. */
  *cleanUp(): Task<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = this.#cronJob.spec;
    yield* this.#keepNewest("Complete", successfulJobsHistoryLimit);
    yield* this.#keepNewest("Failed", failedJobsHistoryLimit);
  }

  *#keepNewest(end: "Complete" | "Failed", limit: number | undefined): Task<void> {
    if (limit === undefined) return;
    const startOf = ({ metadata, status }: Job): string => `${status.startTime ?? "~"}/${metadata.name}`;
    const ended = this.#jobs.filter((job) => endOf(job) === end).sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
    for (const job of ended.slice(0, Math.max(0, ended.length - limit))) yield* this.#delete(job);
  }

  *#delete(job: Job): Task<boolean> {
    const options = { propagationPolicy: "Background" } as const;
    const reply = yield* callApi(client, { verb: "delete", kind: "Job", key: keyOf(job), options });
    const { name } = job.metadata;
    if (!reply.ok && reply.error.code !== 404) {
      yield* recordEvent(client, this.#cronJob, "Warning", "FailedDelete", `Deleted job: ${reply.error.message}`);
      return false;
    }
    this.#forget(job.metadata.uid);
    this.#jobs = this.#jobs.filter((other) => other !== job);
    yield* recordEvent(client, this.#cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
    return true;
  }

  #forget(uid: string | undefined): void {
    const { active: _, ...rest } = this.status;
    const left = (this.status.active ?? []).filter((reference) => reference.uid !== uid);
    this.status = left.length > 0 ? { ...rest, active: left } : rest;
  }

  #isActive(uid: string): boolean {
    return this.status.active?.some((reference) => reference.uid === uid) === true;
  }

  *run(): Task<Outcome> {
    const cronJob = this.#cronJob;
    const { spec, metadata } = cronJob;
    yield* this.#noteJobs();
    if (metadata.deletionTimestamp !== undefined) return "done";
    const zone = spec.timeZone === undefined ? utc : this.#zones(spec.timeZone);
    if (zone === undefined) {
      const message = `invalid timeZone: "${spec.timeZone}": unknown time zone ${spec.timeZone}`;
      yield* recordEvent(client, cronJob, "Warning", "UnknownTimeZone", message);
      return "done";
    }
    if (spec.suspend === true) return "done";
    const schedule = this.#schedule(zone);
    if (typeof schedule === "string") {
      yield* recordEvent(client, cronJob, "Warning", "UnparseableSchedule", schedule);
      return "done";
    }
    return yield* this.#start(schedule, zone);
  }

  #schedule(zone: OffsetMinutesAt): CronSchedule | string {
    const { schedule } = this.#cronJob.spec;
    try {
      const parsed = parseCron(schedule);
      const own = parsed.timeZone === undefined ? zone : (this.#zones(parsed.timeZone) ?? zone);
      return new CronSchedule(parsed, own);
    } catch (error) {
      if (error instanceof CronError) return `unparseable schedule: "${schedule}" : ${error.message}`;
      throw error;
    }
  }

  /** Ended Jobs leave the active list; Jobs nobody knows of, and known ones that are gone, are spoken of. */
  *#noteJobs(): Task<void> {
    const cronJob = this.#cronJob;
    for (const job of this.#jobs) {
      const { uid, name } = job.metadata;
      const end = endOf(job);
      const active = this.#isActive(uid);
      if (!active && end === undefined) {
        const live = yield* callApi(client, { verb: "get", kind: "CronJob", key: keyOf(cronJob) });
        const fresh = live.ok ? (live.object as CronJob) : cronJob;
        if (fresh.status.active?.some((reference) => reference.uid === uid) === true) continue;
        const message = `Saw a job that the controller did not create or forgot: ${name}`;
        yield* recordEvent(client, cronJob, "Warning", "UnexpectedJob", message);
      } else if (active && end !== undefined) {
        this.#forget(uid);
        const message = `Saw completed job: ${name}, condition: ${end}`;
        yield* recordEvent(client, cronJob, "Normal", "SawCompletedJob", message);
      }
      const { completionTime } = job.status;
      const { lastSuccessfulTime } = this.status;
      if (end !== "Complete" || completionTime === undefined) continue;
      if (lastSuccessfulTime === undefined || completionTime > lastSuccessfulTime)
        this.status = { ...this.status, lastSuccessfulTime: completionTime };
    }
    for (const reference of this.status.active ?? []) {
      if (this.#jobs.some(({ metadata }) => metadata.uid === reference.uid)) continue;
      const key = objectKey(reference.namespace, reference.name ?? "");
      const live = yield* callApi(client, { verb: "get", kind: "Job", key });
      if (live.ok || live.error.code !== 404) continue;
      yield* recordEvent(client, cronJob, "Normal", "MissingJob", `Active job went missing: ${reference.name}`);
      this.#forget(reference.uid);
    }
  }

  *#start(schedule: CronSchedule, zone: OffsetMinutesAt): Task<Outcome> {
    const cronJob = this.#cronJob;
    const { spec, metadata } = cronJob;
    const { clock } = this.#view;
    const now = clock.epochUs(this.#view.nowUs) / 1_000_000;
    const secondsOf = (time: string): number => clock.epochUs(clock.instantUs(time)) / 1_000_000;
    const state = (): Parameters<typeof dueStart>[0] => ({
      createdAt: secondsOf(metadata.creationTimestamp),
      ...(this.status.lastScheduleTime !== undefined && { lastScheduleAt: secondsOf(this.status.lastScheduleTime) }),
      ...(spec.startingDeadlineSeconds !== undefined && { startingDeadlineSeconds: spec.startingDeadlineSeconds }),
    });
    const again = (): Outcome => ({ requeueInUs: requeueAfterSeconds(state(), now, schedule) * 1_000_000 });
    let due: ReturnType<typeof dueStart>;
    try {
      due = dueStart(state(), now, schedule);
    } catch (error) {
      if (!(error instanceof CronError)) throw error;
      const message = `invalid schedule: ${spec.schedule} : ${error.message}`;
      yield* recordEvent(client, cronJob, "Warning", "InvalidSchedule", message);
      return "done";
    }
    const { dueAt, tooMany } = due;
    if (tooMany) {
      const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      yield* recordEvent(client, cronJob, "Warning", "TooManyMissedTimes", message);
    }
    if (dueAt === undefined) return again();
    if (spec.startingDeadlineSeconds !== undefined && dueAt + spec.startingDeadlineSeconds < now) {
      const message = `Missed scheduled time to start a job: ${rfc1123Time(dueAt, zone)}`;
      yield* recordEvent(client, cronJob, "Warning", "MissSchedule", message);
      return again();
    }
    const name = cronJobJobName(metadata.name, dueAt);
    const started = this.status.active?.some((reference) => reference.name === name) === true;
    if (started || state().lastScheduleAt === dueAt) return again();
    if (spec.concurrencyPolicy === "Forbid" && (this.status.active ?? []).length > 0) {
      const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
      yield* recordEvent(client, cronJob, "Normal", "JobAlreadyActive", message);
      return again();
    }
    if (spec.concurrencyPolicy === "Replace") {
      for (const reference of this.status.active ?? []) {
        const key = objectKey(reference.namespace, reference.name ?? "");
        const live = yield* callApi(client, { verb: "get", kind: "Job", key });
        if (!live.ok) return { retry: live.error };
        if (!(yield* this.#delete(live.object as Job))) return again();
      }
    }
    let reply = yield* callApi(client, { verb: "create", object: jobOf(cronJob, name, dueAt, zone) });
    if (reply.ok) {
      yield* recordEvent(client, cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
    } else if (reply.error.reason === "AlreadyExists") {
      // Made by a sync that did not come to write its status, unless it is somebody else's.
      reply = yield* callApi(client, { verb: "get", kind: "Job", key: objectKey(metadata.namespace, name) });
      if (!reply.ok) return { retry: reply.error };
      const { uid } = reply.object.metadata;
      if (controllerOf(reply.object)?.uid !== metadata.uid || this.#isActive(uid)) return "done";
    } else {
      if (reply.error.message.includes("because it is being terminated")) return "done";
      yield* recordEvent(client, cronJob, "Warning", "FailedCreate", `Error creating job: ${reply.error.message}`);
      return { retry: reply.error };
    }
    const { uid, namespace, resourceVersion } = reply.object.metadata;
    const reference = { apiVersion: "batch/v1", kind: "Job", name, namespace, uid, resourceVersion };
    const lastScheduleTime = clock.time(Math.round(dueAt * 1_000_000 - clock.epochUs(0)));
    this.status = { ...this.status, active: [...(this.status.active ?? []), reference as object], lastScheduleTime };
    return again();
  }
}

function jobOf(cronJob: CronJob, name: string, dueAt: number, zone: OffsetMinutesAt) {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const annotations = {
    ...metadata?.annotations,
    "batch.kubernetes.io/cronjob-scheduled-timestamp": rfc3339Time(dueAt, zone),
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations,
      ownerReferences: [controllerReference(cronJob)],
    },
    spec,
  };
}
