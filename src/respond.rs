//! Rules that choose the response to a delivery, in place of a target or the default 200.
//!
//! A rule is a filter and a script. All scripts share one small grammar:
//!
//! ```text
//! RULE   = [FILTER "=>"] SCRIPT              without a filter, every delivery
//! SCRIPT = STEP {"," STEP}                   one after the other; the last one repeats
//! STEP   = [NUMBER "%:"] ACTION ["x" COUNT] {OPTION}
//! ACTION = 200..599                          that status
//!        | "timeout"                         no response
//!        | "close"                           close the connection without a response
//!        | "hold"                            pause the request until the user decides
//!        | "pass"                            continue with the next rule
//!        | "hub:" VALUE                      ask the program of that name on the hub
//! OPTION = ";" HEADER "=" VALUE              a header of the response
//!        | ":delay=" TIME                    500ms, 2s, 1m: before the action
//!        | ":timeout=" TIME                  with hub: time that the program has
//!        | ":body=" VALUE | ":file=" VALUE   the body, with placeholders
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

pub use rule::{MAX_FILE, ResponseRule, RuleError, Supplement};
pub use rulebook::{JudgedRules, RuleChange, Rulebook};
pub use script::{Canned, HubProgram, Script, ScriptAction, ScriptStep};
