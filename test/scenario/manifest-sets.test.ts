import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { admitManifests, readManifests } from "../../src/scenario/index.ts";

const folder = resolve(import.meta.dirname, "../../../shared/data/manifests");
const there = existsSync(folder);
const sets = there
  ? readdirSync(folder)
      .filter((name) => statSync(join(folder, name)).isDirectory())
      .sort()
  : [];

describe.skipIf(!there)(
  "every set of manifests that users really have loads (skipped: ../shared/data is not beside the project)",
  () => {
    it.each(sets)(
      "%s: each object is simulated, listed as not simulated, or refused with the server's reason",
      (set) => {
        const { manifests, complaints } = readManifests(folder, [set]);
        const read = admitManifests(manifests);
        expect(complaints).toEqual([]);
        const listed = read.notSimulated.reduce((sum, { count }) => sum + count, 0);
        const made = read.objects.length - read.assumptions.filter((text) => text.startsWith("namespace ")).length;
        expect(made + read.complaints.length).toBe(manifests.length);
        expect(listed).toBeLessThan(manifests.length);
        for (const { code, found } of read.complaints)
          expect([code, found]).toEqual([
            "REFUSED_BY_API_SERVER",
            expect.stringMatching(/forbidden|invalid|not found/),
          ]);
      },
    );
  },
);
