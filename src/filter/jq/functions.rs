//! The functions of jq that a filter may call.

/// Functions that look at their input no deeper than its own length.
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

/// Functions that may look at all of it.
const DEEP: &[&str] = &[
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

/// Definitions that those are made of.
const WITHIN: &[&str] = &["totype", "@json", "@text"];

/// Functions of jq that are left out on purpose.
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

/// Whether a program may call it.
pub(super) fn is_known(name: &str) -> bool {
    SHALLOW.contains(&name) || DEEP.contains(&name)
}

/// Whether a library's definition is needed, for itself or for others.
pub(super) fn is_needed(name: &str) -> bool {
    is_known(name) || WITHIN.contains(&name)
}

/// Whether it may look at all of its input.
pub(super) fn is_deep(name: &str) -> bool {
    DEEP.contains(&name)
}

/// Why a program may not call it.
pub(super) fn not_here(name: &str) -> String {
    if REFUSED.contains(&name) || name.starts_with('$') {
        return format!("jq: `{name}` is not allowed in a filter, which asks about the body alone");
    }
    format!("jq: the filter `{name}` is not known here")
}
