//! Errors of a hub, each with what to do next.

/// Reason why a hub cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error(
        "cannot reach the hub {servers}: {reason}; check the address, and that nats-server runs there"
    )]
    Unreachable { servers: String, reason: String },
    #[error(
        "the hub {servers} refuses the credentials: {reason}; use --hub-creds, or set \
         HOOKGLASS_HUB_USER and HOOKGLASS_HUB_PASSWORD, HOOKGLASS_HUB_TOKEN, or HOOKGLASS_HUB_NKEY"
    )]
    Unauthorized { servers: String, reason: String },
    #[error(
        "cannot connect to the hub {servers} with TLS: {reason}; name the certificate of your own \
         authority with `ca` in [hub] or HOOKGLASS_HUB_CA"
    )]
    Untrusted { servers: String, reason: String },
    #[error("cannot read the credentials {path}: {reason}")]
    Credentials { path: String, reason: String },
    #[error("the hub {servers} has no JetStream; start it with `nats-server -js`")]
    NoJetStream { servers: String },
    #[error("the hub {servers} runs nats-server {version}; hookglass needs 2.9 or newer")]
    TooOld { servers: String, version: String },
    #[error("the user of the hub has no permission: {reason}; see docs/team.md for those it needs")]
    NoPermission { reason: String },
    #[error(
        "the hub has no stream `{stream}`; start `hookglass listen --hub` first, or name another \
         one with --hub-stream"
    )]
    NoStream { stream: String },
    #[error(
        "the stream `{stream}` has the subjects {found} and not {missing}; name another stream \
         with --hub-stream, or add the subjects"
    )]
    OtherSubjects { stream: String, found: String, missing: String },
    #[error(
        "another stream of the hub already has the subjects of hookglass; name it with \
         --hub-stream instead of `{stream}`"
    )]
    Overlap { stream: String },
    #[error(
        "the stream `{stream}` cannot have {replicas} replicas: {reason}; use --hub-replicas 1, or a \
         cluster of that many servers"
    )]
    Replicas { stream: String, replicas: usize, reason: String },
    #[error("the stream `{stream}` cannot be used: {reason}; name another one with --hub-stream")]
    Unusable { stream: String, reason: String },
    #[error("the hub does not respond: {reason}")]
    Failed { reason: String },
}
