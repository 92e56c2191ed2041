//! Cost of running a jq program, and the functions that count it.

use std::cell::{Cell, RefCell};

use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, v};
use jaq_core::{DataT, Error, Exn, Lut, Native, ValX};
use jaq_json::{Num, Val};
use regex::bytes::{Regex, RegexBuilder};

/// Names of the counting functions, which a program cannot spell.
pub(super) const STEP: &str = "!step";
pub(super) const WEIGH: &str = "!weigh";
pub(super) const KEY: &str = "!key";
pub(super) const TIMES: &str = "!times";
pub(super) const PRODUCT: &str = "!product";
pub(super) const CONTAINS: &str = "!contains";

/// Steps that every run may take: some milliseconds.
const BASE_STEPS: u64 = 20_000;
/// Additional steps per byte of the body.
const STEPS_PER_BYTE: u64 = 4;
const MAX_STEPS: u64 = 4_000_000;
/// Maximum stack of a run; threads of Rust have 2 MiB.
const MAX_STACK: usize = 512 * 1024;
/// Maximum nesting of values, because dropping and printing them is recursive.
const MAX_DEPTH: usize = 256;
const MAX_NUMBER_BITS: u64 = 1 << 15;
/// Steps of compiling a regular expression: about a tenth of a millisecond.
const COMPILE_STEPS: u64 = 1000;
/// Maximum size of a compiled regular expression.
const MAX_REGEX: usize = 1 << 18;

/// Data types of programs.
pub(super) struct Json;

impl DataT for Json {
    type V<'a> = Val;
    type Data<'a> = &'a Meter<'a>;
}

/// Remaining budget of one run.
pub(super) struct Meter<'a> {
    lut: &'a Lut<Json>,
    steps: Cell<u64>,
    stack: usize,
    /// The last regular expression of `test`; programs test many values with the same one.
    regex: RefCell<Option<TestRegex>>,
}

struct TestRegex {
    source: Vec<u8>,
    flags: Vec<u8>,
    compiled: Regex,
}

impl<'a> jaq_core::data::HasLut<'a, Json> for &'a Meter<'a> {
    fn lut(&self) -> &'a Lut<Json> {
        self.lut
    }
}

/// Returns an address in the used part of the stack.
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

impl<'a> Meter<'a> {
    pub(super) fn new(lut: &'a Lut<Json>, body_size: usize) -> Self {
        let more = STEPS_PER_BYTE.saturating_mul(body_size as u64);
        let steps = Cell::new(BASE_STEPS.saturating_add(more).min(MAX_STEPS));
        Self { lut, steps, stack: stack_address(), regex: RefCell::default() }
    }

    /// Continues, or ends the run in a way that programs cannot catch.
    fn spend(&self, steps: u64) -> Result<(), Exn<'static, Val>> {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.unwrap_or_default());
        let is_deep = self.stack.abs_diff(stack_address()) > MAX_STACK;
        if left.is_some() && !is_deep { Ok(()) } else { Err(Exn::halt(1)) }
    }

    fn weigh(&self, value: &Val) -> Result<(), Exn<'static, Val>> {
        let left = weighed(value, 0, self.steps.get()).ok_or(Exn::halt(1))?;
        self.spend(self.steps.get() - left)
    }
}

/// Returns the cost of reading a value without its contents.
fn shallow(value: &Val) -> u64 {
    let size = match value {
        Val::Null | Val::Bool(_) | Val::Num(_) => 0,
        Val::BStr(bytes) | Val::TStr(bytes) => bytes.len() / 64,
        Val::Arr(items) => items.len() / 16,
        Val::Obj(items) => items.len() / 16,
    };
    1 + size as u64
}

/// Returns the steps left after reading a whole value; `None` if they do not suffice.
fn weighed(value: &Val, depth: usize, left: u64) -> Option<u64> {
    let left = left.checked_sub(shallow(value))?;
    match value {
        _ if depth > MAX_DEPTH => None,
        Val::Num(Num::BigInt(number)) if number.bits() > MAX_NUMBER_BITS => None,
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::BStr(_) | Val::TStr(_) => Some(left),
        Val::Arr(items) => items.iter().try_fold(left, |left, item| weighed(item, depth + 1, left)),
        Val::Obj(items) => items.iter().try_fold(left, |left, (key, item)| {
            weighed(item, depth + 1, weighed(key, depth + 1, left)?)
        }),
    }
}

/// Returns the functions that programs and definitions call.
pub(super) fn natives() -> impl Iterator<Item = Fun<Json>> {
    let kept = jaq_core::funs().chain(jaq_std::base_funs()).chain(jaq_json::funs());
    let kept = kept.filter_map(|(name, arguments, native)| match name {
        // Replaced below, or useless in a filter.
        "fromjson" | "bsearch" | "indices" | "tobytes" => None,
        "contains" => Some((CONTAINS, arguments, native)),
        _ => Some((name, arguments, native)),
    });
    kept.chain(counting()).chain(functions())
}

fn counting() -> [Fun<Json>; 2] {
    let step = Native::<Json>::new(|cv| box_once(cv.0.data().spend(shallow(&cv.1)).map(|()| cv.1)))
        .with_paths(|cv| box_once(cv.0.data().spend(1).map(|()| cv.1)))
        .with_update(|cv, update| match cv.0.data().spend(shallow(&cv.1)) {
            Ok(()) => update(cv.1),
            Err(end) => box_once(Err(end)),
        });
    let weigh = Native::<Json>::new(|cv| box_once(cv.0.data().weigh(&cv.1).map(|()| cv.1)))
        .with_paths(|cv| box_once(cv.0.data().weigh(&cv.1.0).map(|()| cv.1)))
        .with_update(|cv, update| match cv.0.data().weigh(&cv.1) {
            Ok(()) => update(cv.1),
            Err(end) => box_once(Err(end)),
        });
    [(STEP, v(0), step), (WEIGH, v(0), weigh)]
}

fn functions() -> [Fun<Json>; 7] {
    // Indexing by an array searches in quadratic time.
    let key = Native::<Json>::new(|cv| {
        box_once(match &cv.1 {
            Val::Arr(_) => Err(Error::str("an array cannot be a key").into()),
            _ => Ok(cv.1),
        })
    });
    let times = Native::<Json>::new(|mut cv| {
        let right = cv.0.pop_var();
        let left = cv.0.pop_var();
        box_once(times(cv.0.data(), left, right))
    });
    let product = Native::<Json>::new(|mut cv| {
        let other = cv.0.pop_var();
        box_once(product(cv.0.data(), &cv.1, &other).map(|()| cv.1))
    });
    let from_json = Native::<Json>::new(|cv| bome(from_json(&cv.1)));
    let decode = Native::<Json>::new(|cv| bome(decode_base64(&cv.1)));
    let encode = Native::<Json>::new(|cv| {
        bome(cv.1.try_as_utf8_bytes_owned().map(|text| Val::from(STANDARD.encode(text))))
    });
    let test = Native::<Json>::new(|mut cv| {
        let flags = cv.0.pop_var();
        let regex = cv.0.pop_var();
        box_once(test(cv.0.data(), &cv.1, &regex, &flags))
    });
    [
        (KEY, v(0), key),
        (TIMES, v(2), times),
        (PRODUCT, v(1), product),
        ("fromjson", v(0), from_json),
        ("decode_base64", v(0), decode),
        ("encode_base64", v(0), encode),
        ("test", v(2), test),
    ]
}

/// Values read from a string have the same limits as a body.
fn from_json(text: &Val) -> Result<Val, Error<Val>> {
    super::value(&text.try_as_utf8_bytes_owned()?).ok_or_else(|| Error::str("this is not JSON"))
}

/// Decodes either alphabet, with or without padding, as senders use all of them.
fn decode_base64(text: &Val) -> Result<Val, Error<Val>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const USUAL: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let text = text.try_as_utf8_bytes_owned()?;
    let decoded = USUAL.decode(&text).or_else(|_| URL_SAFE.decode(&text));
    let bytes = decoded.map_err(|_| Error::str("this is not base64"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// The product of a text and a number is the repeated text.
fn times<'a>(meter: &Meter<'_>, left: Val, right: Val) -> ValX<'a, Val> {
    if let (Val::BStr(text) | Val::TStr(text), Val::Num(number))
    | (Val::Num(number), Val::BStr(text) | Val::TStr(text)) = (&left, &right)
    {
        let count = number.as_isize().map_or(u64::MAX, |count| u64::try_from(count).unwrap_or(0));
        meter.spend(count.saturating_mul(text.len() as u64 + 1) / 64)?;
    }
    Ok((left * right)?)
}

/// Counts a step for each pair of parts of the two values.
fn product(meter: &Meter<'_>, one: &Val, other: &Val) -> Result<(), Exn<'static, Val>> {
    let left = meter.steps.get();
    let cost = |value: &Val| weighed(value, 0, left).map(|rest| left - rest);
    let (Some(one), Some(other)) = (cost(one), cost(other)) else { return Err(Exn::halt(1)) };
    meter.spend(one.saturating_mul(other))
}

/// Returns whether a text matches, using a regex engine without backtracking.
fn test<'a>(meter: &Meter<'_>, text: &Val, regex: &Val, flags: &Val) -> ValX<'a, Val> {
    let (text, regex) = (text.try_as_utf8_bytes_owned()?, regex.try_as_utf8_bytes_owned()?);
    let cost = (text.len() as u64 / 64 + 64).saturating_mul(1 + regex.len() as u64 / 8);
    meter.spend(cost)?;
    let flags = flags.try_as_utf8_bytes_owned()?;
    if let Some(last) = meter.regex.borrow().as_ref()
        && last.source == regex
        && last.flags == flags
    {
        return Ok(last.compiled.is_match(&text).into());
    }
    meter.spend(COMPILE_STEPS)?;
    let compiled = compile(&regex, &flags)?;
    let is_match = compiled.is_match(&text);
    let last = TestRegex { source: regex.to_vec(), flags: flags.to_vec(), compiled };
    meter.regex.replace(Some(last));
    Ok(is_match.into())
}

fn compile(regex: &[u8], flags: &[u8]) -> Result<Regex, Error<Val>> {
    let mut builder = RegexBuilder::new(&String::from_utf8_lossy(regex));
    builder.size_limit(MAX_REGEX).dfa_size_limit(MAX_REGEX);
    for flag in flags {
        match flag {
            b'i' => builder.case_insensitive(true),
            b'x' => builder.ignore_whitespace(true),
            b's' => builder.dot_matches_new_line(true),
            // "All matches" and "no empty matches" have no effect on a test.
            b'g' | b'n' => &mut builder,
            _ => return Err(Error::str("expected the regex flags i, x, s, g, or n")),
        };
    }
    builder.build().map_err(Error::str)
}
