//! Functions of jq that a filter may call.

/// Functions that read only the outermost level of their input.
#[rustfmt::skip]
const SHALLOW: &[&str] = &[
    "all", "any", "arrays", "booleans", "empty", "endswith", "error", "false", "first", "floor",
    "ceil", "round", "has", "in", "isboolean", "isempty", "isnumber", "isstring", "isarray",
    "isobject", "iterables", "keys", "keys_unsorted", "last", "length", "limit", "ltrimstr", "map",
    "not", "nth", "null", "nulls", "numbers", "objects", "range", "recurse", "repeat", "rtrimstr",
    "scalars", "select", "skip", "startswith", "strings", "test", "true", "type", "until",
    "utf8bytelength", "values", "while", "abs", "trim", "ltrim", "rtrim", "ascii_downcase", "ascii_upcase",
    "nan", "infinite", "isnan", "isinfinite", "isfinite",
];

/// Functions that may read all of their input.
const DEEP: &[&str] = &[
    "@base64",
    "@base64d",
    "add",
    "contains",
    "explode",
    "flatten",
    "from_entries",
    "fromjson",
    "getpath",
    "group_by",
    "implode",
    "inside",
    "join",
    "max",
    "max_by",
    "min",
    "min_by",
    "path",
    "paths",
    "reverse",
    "sort",
    "sort_by",
    "split",
    "to_entries",
    "toboolean",
    "tojson",
    "tonumber",
    "tostring",
    "unique",
    "unique_by",
    "with_entries",
];

/// Definitions used by these functions.
const HELPERS: &[&str] = &["totype", "@json", "@text"];

/// Functions of jq that are excluded on purpose.
const REFUSED: &[&str] = &[
    "input",
    "inputs",
    "env",
    "halt",
    "halt_error",
    "debug",
    "stderr",
    "now",
    "localtime",
    "import",
    "include",
    "input_filename",
    "input_line_number",
];

/// Returns whether a program may call the function.
pub(super) fn is_known(name: &str) -> bool {
    SHALLOW.contains(&name) || DEEP.contains(&name)
}

/// Returns whether a library definition is needed, by programs or by other definitions.
pub(super) fn is_needed(name: &str) -> bool {
    is_known(name) || HELPERS.contains(&name)
}

/// Returns whether the function may read all of its input.
pub(super) fn is_deep(name: &str) -> bool {
    DEEP.contains(&name)
}

/// Returns why a program may not call the function.
pub(super) fn not_here(name: &str) -> String {
    if REFUSED.contains(&name) || name.starts_with('$') {
        return format!("jq: `{name}` is not available; filters read only the body");
    }
    format!("jq: unknown filter `{name}`")
}
