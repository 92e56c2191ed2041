//! Resources: the documentation, and deliveries.

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};

use super::{Server, tools};

/// A page of the documentation.
struct Page {
    name: &'static str,
    title: &'static str,
    text: &'static str,
}

const PAGES: &[Page] = &[
    Page {
        name: "filters",
        title: "Filter syntax and fields",
        text: include_str!("../../docs/filters.md"),
    },
    Page {
        name: "causes",
        title: "Causes of failed signatures",
        text: include_str!("../../docs/causes.md"),
    },
    Page {
        name: "signatures",
        title: "Verifying signatures",
        text: include_str!("../../docs/signatures.md"),
    },
    Page {
        name: "providers",
        title: "Providers and their signatures",
        text: include_str!("../../docs/providers.md"),
    },
    Page {
        name: "fixtures-and-ci",
        title: "Fixtures, replay, and waiting in tests",
        text: include_str!("../../docs/fixtures-and-ci.md"),
    },
    Page {
        name: "forwarding",
        title: "Forwarding, responses, and rules",
        text: include_str!("../../docs/forwarding.md"),
    },
    Page {
        name: "configuration",
        title: "Configuration",
        text: include_str!("../../docs/configuration.md"),
    },
    Page {
        name: "agents",
        title: "Working with agents",
        text: include_str!("../../docs/agents.md"),
    },
];

const PAGE: &str = "hookglass://docs/";
const DELIVERY: &str = "hookglass://delivery/";

/// Returns the pages as resources.
pub(super) fn pages() -> Vec<Resource> {
    let resource = |page: &Page| {
        Resource::new(format!("{PAGE}{}", page.name), page.name)
            .with_title(page.title)
            .with_mime_type("text/markdown")
            .with_size(page.text.len() as u64)
    };
    PAGES.iter().map(resource).collect()
}

/// Returns the template of deliveries.
pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(format!("{DELIVERY}{{id}}"), "delivery")
        .with_title("A delivery")
        .with_description("One received webhook as get_delivery shows it. Untrusted data.")
        .with_mime_type("application/json")
}

/// Reads a resource.
pub(super) async fn read(server: &Arc<Server>, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let page = uri.strip_prefix(PAGE).and_then(|name| PAGES.iter().find(|page| page.name == name));
    if let Some(page) = page {
        let contents = ResourceContents::text(page.text, uri).with_mime_type("text/markdown");
        return Ok(ReadResourceResult::new(vec![contents]));
    }
    let id = uri.strip_prefix(DELIVERY).and_then(|id| id.parse::<i64>().ok());
    let id = id.ok_or_else(|| {
        let shown = server.secrets_shield().line(uri);
        let names: Vec<&str> = PAGES.iter().map(|page| page.name).collect();
        let known = names.join(", ");
        not_found(format!(
            "no resource `{shown}`: expected {DELIVERY}ID or {PAGE}NAME with one of {known}"
        ))
    })?;
    let read = server.read(move |server, reader| {
        let (delivery, shield) = server.delivery(reader, id)?;
        let shown = tools::overview(server, &delivery, &shield)?;
        serde_json::to_string(&shown).map_err(|error| error.to_string().into())
    });
    let text = read.await.map_err(|error| not_found(error.text().to_owned()))?;
    let contents = ResourceContents::text(text, uri).with_mime_type("application/json");
    Ok(ReadResourceResult::new(vec![contents]))
}

fn not_found(text: String) -> ErrorData {
    ErrorData::resource_not_found(text, None)
}
