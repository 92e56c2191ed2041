// Written by `hookglass export --with jest`. Run with `{{command}}` (Jest 30 or later).
const { fixtures, flaw } = require("./fixtures.cjs");

test("there are fixtures", () => expect(fixtures).not.toHaveLength(0));

test.each(fixtures)("$name is whole and has the signature that it says", (fixture) => {
  expect(flaw(fixture)).toBeUndefined();
});
