//! Rules that choose the response to a delivery, in place of a target or the default 200.
//!
//! A rule is a filter and a script. All scripts share one small grammar:
//!
//! ```text
//! RULE   = [FILTER "=>"] SCRIPT              without a filter, every delivery
//! SCRIPT = STEP {"," STEP}                   one after the other; the last one stays
//! STEP   = [NUMBER "%:"] ACTION ["x" COUNT] {OPTION}
//! ACTION = 200..599                          that status
//!        | "timeout"                         no answer ever comes
//!        | "close"                           the connection ends without an answer
//!        | "hold"                            the sender waits until somebody decides
//!        | "pass"                            as if this rule were not there
//! OPTION = ";" HEADER "=" VALUE              a header of the answer
//!        | ":delay=" TIME                    500ms, 2s, 1m: before whatever happens
//!        | ":body=" VALUE | ":file=" VALUE   the body, with fields to fill in
//! VALUE  = anything up to the next , ; or :  or any text in "quotes", with \" and \\ in it
//! ```
//!
//! `500x2,200` responds with 500 twice and then always with 200; `10%:500` responds to one in ten
//! with 500 and passes the others to the next rule. A step with a chance is counted whether it is
//! taken or not. Nothing here waits or reads a clock.

mod read;
mod rule;
mod rulebook;
mod script;
mod token;

pub use rule::{ResponseRule, RuleError, Supplement};
pub use rulebook::Rulebook;
pub use script::{Canned, ResponseBody, Script, ScriptAction, ScriptStep};
