//! Examples, topics, environment variables, and files, as `--help`, `help TOPIC`, and the man page
//! show them.

use std::fmt::Write as _;

use crate::filter::FIELDS;

/// Command lines with the task that each one does, by command; `""` is the program itself.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const EXAMPLES: &[Examples] = &[
    (
        "",
        &[
            ("Show the dashboard with sample deliveries", "hookglass --demo"),
            (
                "Verify GitHub webhooks and forward them to your application",
                "GITHUB_WEBHOOK_SECRET=… hookglass --provider github --forward http://127.0.0.1:3000/webhooks",
            ),
            ("Receive webhooks from the internet", "hookglass --tunnel ngrok"),
            ("List deliveries whose signature failed", "hookglass list sig:failed"),
            ("Send delivery 3 again", "hookglass resend 3 --to http://127.0.0.1:3000/webhooks"),
        ],
    ),
    (
        "listen",
        &[
            (
                "Fail the first two deliveries, then forward",
                "hookglass --forward http://127.0.0.1:3000 --respond 500x2,pass",
            ),
            (
                "Print deliveries as JSON Lines",
                "hookglass --headless | jq -c '[.id, .event.type, .signature.status]'",
            ),
            ("Reject deliveries without a valid signature", "hookglass --strict"),
        ],
    ),
    (
        "attach",
        &[
            (
                "Forward one provider's deliveries of the team's hub to the local application",
                "hookglass attach nats://127.0.0.1:4222 provider:stripe --forward 3000",
            ),
            (
                "Print everything that the hub has kept",
                "hookglass attach nats://127.0.0.1:4222 --from all --headless",
            ),
        ],
    ),
    (
        "send",
        &[
            (
                "Send a signed sample event to the running listener",
                "hookglass send message.created",
            ),
            (
                "Send a file as GitHub's event",
                "hookglass send payload.json --provider github --type pull_request --to 3000",
            ),
            (
                "Send a file signed for Stripe, 100 times at 5 per second",
                "hookglass send event.json --provider stripe --to http://127.0.0.1:3000 --count 100 --rate 5/s",
            ),
            (
                "Test that your application rejects a changed body",
                "hookglass send message.created --tamper body --to http://127.0.0.1:3000",
            ),
        ],
    ),
    (
        "verify",
        &[(
            "Verify a body read from standard input",
            "hookglass verify --provider github --header 'X-Hub-Signature-256: sha256=…' --body - < body.json",
        )],
    ),
    ("providers", &[("Show how Stripe signs", "hookglass providers stripe")]),
    (
        "providers fetch-key",
        &[
            (
                "Google's keys, which have a fixed address",
                "hookglass providers fetch-key google-pubsub",
            ),
            (
                "The certificate that the newest SNS delivery names",
                "hookglass providers fetch-key aws-sns",
            ),
        ],
    ),
    (
        "providers new",
        &[
            (
                "Describe the sender of the newest delivery, and find how it signs",
                "ACME_WEBHOOK_SECRET=whsec_test hookglass providers new acme --from last",
            ),
            ("Print the table only", "hookglass providers new acme --from 12 --dry-run"),
        ],
    ),
    (
        "list",
        &[
            ("The last 20 failed deliveries", "hookglass list sig:failed --limit 20"),
            ("Follow new deliveries of one type", "hookglass list 'type:message.*' --follow"),
            (
                "Large bodies that contain a value",
                "hookglass list 'size:>10k .payload.contact.username:Kev*'",
            ),
        ],
    ),
    (
        "show",
        &[
            ("Show a delivery and why its signature failed", "hookglass show 3"),
            ("Print the exact body", "hookglass show 3 --body"),
            ("Print a curl command", "hookglass show 3 --curl"),
        ],
    ),
    (
        "wait",
        &[
            (
                "Wait for two verified deliveries",
                "hookglass wait 'type:message.created sig:verified' --count 2 --timeout 30s",
            ),
            (
                "Check that no delivery fails verification",
                "hookglass wait sig:failed --none --timeout 5s",
            ),
        ],
    ),
    (
        "export",
        &[
            (
                "Write redacted fixtures and a Node test",
                "hookglass export 'type:message.*' --format fixture --out test/fixtures --with node",
            ),
            ("Write a HAR archive", "hookglass export since:1h --format har --out traffic.har"),
        ],
    ),
    (
        "import",
        &[
            ("Import a HAR archive", "hookglass import traffic.har"),
            ("Import a raw request", "hookglass import - < request.txt"),
        ],
    ),
    (
        "replay",
        &[(
            "Test an application with fixtures",
            "hookglass replay test/fixtures --to http://127.0.0.1:3000/webhooks --junit replay.xml",
        )],
    ),
    (
        "resend",
        &[
            ("Re-sign and send one delivery", "hookglass resend 3 --to http://127.0.0.1:3000"),
            (
                "Send all failed deliveries of the last hour",
                "hookglass resend --filter 'status:>=500 since:1h' --to http://127.0.0.1:3000",
            ),
        ],
    ),
    ("stats", &[("Statistics of one day", "hookglass stats since:1d")]),
    (
        "prune",
        &[
            ("Keep the last 30 days", "hookglass prune --keep 30d"),
            ("Show what would be deleted", "hookglass prune --keep 10k --dry-run"),
        ],
    ),
    ("store check", &[("Check the default store", "hookglass store check")]),
    (
        "config",
        &[("Start a configuration file", "hookglass config --print-default > hookglass.toml")],
    ),
    (
        "mcp",
        &[
            ("Add the server to Claude Code", "claude mcp add hookglass -- hookglass mcp"),
            (
                "Allow agents to send to a staging server",
                "hookglass mcp --allow-send https://staging.example.com/hooks",
            ),
        ],
    ),
    ("completions", &[("Complete in the current shell", "source <(hookglass completions bash)")]),
    ("man", &[("Read the man page", "hookglass man | man -l -")]),
];

/// Environment variables that the program reads, and their effect.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "CRIBBLY_WEBHOOK_SECRET, GITHUB_WEBHOOK_SECRET, …",
        "Webhook secret of the provider. `hookglass providers NAME` shows each provider's variable.",
    ),
    ("META_VERIFY_TOKEN", "Token that Meta's URL verification must send."),
    ("HOOKGLASS_STORE", "Store file, like --store."),
    ("HOOKGLASS_CONFIG", "Configuration file, like --config."),
    ("HOOKGLASS_BIND", "Address to listen on, like --bind."),
    ("HOOKGLASS_LOG", "Log file, like --log."),
    ("HOOKGLASS_LOG_LEVEL", "Log level: error, warn, info, debug, or trace."),
    ("VISUAL, EDITOR", "Editor for the dashboard's edit command."),
    ("NO_COLOR", "Turns colors off if not empty."),
];

/// Files that the program reads or writes.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "hookglass.toml",
        "Configuration, in the working directory or a parent folder, up to the root of the \
         repository. See `hookglass config --print-default`.",
    ),
    (
        ".hookglass/deliveries.db",
        "Store: an SQLite database, found like the configuration; a new one is created next to it.",
    ),
];

/// Exit codes and their meaning.
pub(super) const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "Success."),
    ("1", "A check failed: not verified, timed out, or an expectation was not met."),
    ("2", "Wrong usage, filter, or configuration."),
    ("3", "Environment error: port in use, store unreadable, or target unreachable."),
];

/// Returns the examples of a command.
pub(super) fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    let found = EXAMPLES.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, examples)| *examples)
}

/// Returns the text below the options of a command.
pub(super) fn footer(command: &str) -> String {
    let mut text = String::from("Examples:\n");
    for (task, line) in examples(command) {
        // Writing to a string cannot fail.
        let _ = write!(text, "  {task}:\n    {line}\n");
    }
    if command.is_empty() {
        text.push_str(
            "\nTopics:\n  hookglass help filters    Filter syntax and fields\n  \
             hookglass help respond    Response scripts\n",
        );
    }
    text.truncate(text.trim_end().len());
    text
}

/// Returns the help on filters.
pub(super) fn filters() -> String {
    let mut text = String::from(FILTER_SYNTAX);
    let width = FIELDS.iter().map(|field| field.example.chars().count()).max().unwrap_or_default();
    for field in FIELDS {
        for (at, line) in wrapped(field.help, WIDTH.saturating_sub(width + 4)).iter().enumerate() {
            let example = if at == 0 { field.example } else { "" };
            let _ = write!(text, "\n  {example:width$}  {line}");
        }
    }
    text
}

/// Width of the help in columns.
const WIDTH: usize = 100;

/// Breaks a text between words into lines of at most `width` columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const FILTER_SYNTAX: &str = "\
Filters select deliveries in every command and in the dashboard.

Combine terms:
  type:message.* sig:verified     both (`and` is implied)
  type:a or type:b                either
  -type:ping, not type:ping       not (a word alone needs `not`)
  (a or b) sig:failed             grouping

Values:
  message.*, msg?                 `*` matches any text, `?` one character
  post,put                        any of a list
  !verified                       any other value
  >10k, <=1m, 1..9                comparisons and ranges of numbers, sizes, and times
  /^a.*z$/                        regular expression
  \"hello, there\"                  exact text

A word without a field is searched for in type, target, event id, and body. Capital letters make
the search case-sensitive. Quote the filter for the shell.

Fields, each with an example:";

/// Help on response scripts.
pub(super) const RESPOND: &str = "\
A response rule is [FILTER =>] SCRIPT. The first rule whose filter matches responds. The steps of a
script are separated by commas and used one after the other; the last one repeats.

  200, 404, 503                   respond with this status
  503;retry-after=5               with a header
  200:delay=2s                    after a delay (ms, s, m, h)
  200:body=\"{{event.id}}\"         with a body; placeholders below
  200:file=answer.json            with a body from a file, read at the start
  500x2,200                       500 twice, then 200
  10%:500                         500 for one in ten; the others continue with the next rule
  500x2,pass                      500 twice, then continue with the next rule
  timeout                         no response until the client disconnects
  close                           close the connection without a response
  hold                            pause the request until you respond in the dashboard
  hub:ann:timeout=10s             ask the program `ann` on the hub (--hub)

Quote values that contain , ; or :

Placeholders: {{id}} {{event.id}} {{event.type}} {{provider}} {{method}} {{target}} {{header:NAME}}
{{query:NAME}} {{json:/pointer}} {{form:FIELD}} {{xml:/path}}. In a JSON body, values are escaped.

Examples:
  hookglass --respond 500x2,200
  hookglass --respond 'type:message.* => 503;retry-after=5'";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// Returns the full names of a command's visible subcommands, recursively.
    fn names(command: &clap::Command, prefix: &str) -> Vec<String> {
        let inner = command.get_subcommands().filter(|one| !one.is_hide_set());
        let name = |one: &clap::Command| format!("{prefix} {}", one.get_name()).trim().to_owned();
        inner
            .flat_map(|one| {
                let nested = names(one, &name(one));
                if nested.is_empty() { vec![name(one)] } else { nested }
            })
            .collect()
    }

    #[test]
    fn every_command_has_examples() {
        for name in names(&Cli::command(), "") {
            assert!(!examples(&name).is_empty(), "{name}");
        }
    }

    #[test]
    fn every_example_names_its_command() {
        for (command, lines) in EXAMPLES {
            for (_, line) in *lines {
                let named = line.contains(&format!("hookglass {command}").trim_end().to_owned());
                assert!(named || *command == "listen", "{line}");
            }
        }
    }

    #[test]
    fn every_example_parses() {
        for (_, lines) in EXAMPLES {
            for (_, line) in *lines {
                let words = words(line);
                assert!(Cli::try_read(words.clone()).is_ok(), "{line}: {words:?}");
            }
        }
    }

    /// Returns the words of a program in a shell line.
    fn words(line: &str) -> Vec<std::ffi::OsString> {
        // Another program takes the command line to run after `--`.
        let line = line.rsplit(" -- ").next().unwrap();
        let line = line.trim_start_matches("source <(").split([')', '|', '<']).next().unwrap();
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.split(" > ").next().unwrap().chars() {
            match letter {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                other => words.last_mut().unwrap().push(other),
            }
        }
        let program = words.iter().rposition(|word| word == "hookglass").unwrap();
        words.iter().skip(program).filter(|word| !word.is_empty()).map(Into::into).collect()
    }
}
