// Written by `hookglass export --with vitest`. Run with `{{command}}`.
import { expect, test } from "vitest";

import { fixtures, flaw } from "./fixtures.mjs";

test("there are fixtures", () => expect(fixtures).not.toHaveLength(0));

test.each(fixtures)("$name is whole and has the signature that it says", (fixture) => {
  expect(flaw(fixture)).toBeUndefined();
});
