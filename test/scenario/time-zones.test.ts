import { expect, it } from "vitest";
import { offsetMinutesAt } from "../../src/scenario/index.ts";
import { zoneOffsets } from "../../src/scenario/time-zones.ts";

const seconds = (text: string): number => new Date(text).getTime() / 1000;

it("knows New York's offset on both sides of both changes of 2026, to the second", () => {
  const offsets = zoneOffsets("America/New_York", seconds("2026-01-01T00:00:00Z"), seconds("2026-12-31T00:00:00Z"))!;
  expect(offsets.map(({ offsetMinutes }) => offsetMinutes)).toEqual([-300, -240, -300]);
  expect(offsets[1]!.fromEpochSeconds).toBe(seconds("2026-03-08T07:00:00Z"));
  expect(offsets[2]!.fromEpochSeconds).toBe(seconds("2026-11-01T06:00:00Z"));
  expect(offsetMinutesAt(offsets, seconds("2026-03-08T06:59:59Z"))).toBe(-300);
  expect(offsetMinutesAt(offsets, seconds("2026-03-08T07:00:00Z"))).toBe(-240);
});

it("knows offsets of half hours, and no zone that does not exist", () => {
  expect(zoneOffsets("Asia/Kathmandu", 0, 86_400)?.[0]?.offsetMinutes).toBeDefined();
  expect(zoneOffsets("Mars/Olympus", 0, 86_400)).toBeUndefined();
});
