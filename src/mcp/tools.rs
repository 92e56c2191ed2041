//! All tools.

mod compare;
mod fixture;
mod listener;
mod read;
mod rule;
mod send;
mod signature;
mod wait;

pub(super) use read::overview;

use rmcp::handler::server::tool::ToolRouter;

use super::Connection;

/// Returns every tool. None deletes or replaces anything.
pub(super) fn all() -> ToolRouter<Connection> {
    let mut router = ToolRouter::new();
    for route in [
        listener::status(),
        listener::start(),
        read::list(),
        read::get(),
        signature::explain(),
        signature::verify(),
        wait::wait(),
        send::sample(),
        send::resend(),
        compare::diff(),
        fixture::export(),
        rule::set(),
    ] {
        router.add_route(route);
    }
    router
}
