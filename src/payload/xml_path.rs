//! Values in XML by path: `/Envelope/Body/notifications/Notification/Id`, or `…/sObject/@type`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::BOM;

/// Returns the text of the first element at a path of local names, or of its attribute if the path
/// ends in `@name`. Prefixes of namespaces are ignored, also in a value of `xsi:type`.
///
/// Only predefined entities and character references are resolved; nothing is read from outside.
pub(crate) fn lookup(body: &[u8], path: &str) -> Option<String> {
    if !body.trim_ascii_start().starts_with(b"<") && !body.starts_with(BOM) {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let mut steps: Vec<&str> = path.split('/').skip(1).collect();
    let attribute =
        steps.pop_if(|step| step.starts_with('@')).and_then(|step| step.strip_prefix('@'));
    let mut search = Search { steps, open: 0, fitting: 0, text: None };
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return None,
            Event::Start(tag) if search.is_elsewhere(&tag) => return None,
            Event::Start(tag) => {
                if let (true, Some(name)) = (search.enter(&tag), attribute) {
                    return attribute_of(&tag, name);
                }
            }
            Event::Empty(tag) => {
                let is_found = search.enter(&tag);
                if is_found {
                    return attribute.and_then(|name| attribute_of(&tag, name));
                }
                search.leave();
            }
            Event::End(_) => {
                if let Some(found) = search.leave() {
                    return Some(found.trim().to_owned()).filter(|found| !found.is_empty());
                }
            }
            Event::Text(part) => search.push(&part.decode().ok()?),
            Event::CData(part) => search.push(&part.decode().ok()?),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok()?;
                let predefined = || {
                    let name = reference.decode().ok()?;
                    quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned)
                };
                search.push(&character.map(String::from).or_else(predefined)?);
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// State of a search for the first element at a path.
struct Search<'p> {
    steps: Vec<&'p str>,
    /// Number of open elements.
    open: usize,
    /// Number of open elements that are those of the path.
    fitting: usize,
    /// Text of the element, once it is open.
    text: Option<String>,
}

impl Search<'_> {
    /// Returns whether the root is another element, so that nothing can be found.
    fn is_elsewhere(&self, tag: &BytesStart<'_>) -> bool {
        let root = self.steps.first().map(|name| name.as_bytes());
        self.open == 0 && root != Some(tag.local_name().as_ref())
    }

    /// Returns whether the element is the one at the path.
    fn enter(&mut self, tag: &BytesStart<'_>) -> bool {
        let is_next = self.fitting == self.open;
        self.open += 1;
        let expected = self.steps.get(self.fitting);
        if !is_next || expected.is_none_or(|name| name.as_bytes() != tag.local_name().as_ref()) {
            return false;
        }
        self.fitting += 1;
        let is_found = self.fitting == self.steps.len();
        if is_found {
            self.text = Some(String::new());
        }
        is_found
    }

    /// Returns the text of the element at the path, if that one ends.
    fn leave(&mut self) -> Option<String> {
        let is_fitting = self.fitting == self.open;
        self.open = self.open.saturating_sub(1);
        if !is_fitting {
            return None;
        }
        self.fitting = self.fitting.saturating_sub(1);
        self.text.take()
    }

    fn push(&mut self, part: &str) {
        // Text of elements inside of it is not its own.
        if self.open == self.fitting
            && let Some(text) = &mut self.text
        {
            text.push_str(part);
        }
    }
}

fn attribute_of(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        tag.attributes().flatten().find(|one| one.key.local_name().as_ref() == name.as_bytes())?;
    let value = String::from_utf8_lossy(&found.value).into_owned();
    let value = quick_xml::escape::unescape(&value).ok()?.trim().to_owned();
    let is_type = found.key.as_ref() == b"xsi:type";
    let value = match value.split_once(':') {
        Some((_, local)) if is_type => local.to_owned(),
        _ => value,
    };
    Some(value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"<?xml version="1.0"?>
        <s:Envelope xmlns:s="x"><s:Body><n><Id>a&amp;b&#x21;</Id><Id>second</Id>
        <o xsi:type="sf:Contact" key="k:v"><Id>inner</Id><Name><![CDATA[ <Noé> ]]></Name><nil/></o>
        </n></s:Body></s:Envelope>"#;

    fn find(path: &str) -> Option<String> {
        lookup(MESSAGE.as_bytes(), path)
    }

    #[test]
    fn the_first_element_at_a_path_counts() {
        assert_eq!(find("/Envelope/Body/n/Id").as_deref(), Some("a&b!"));
        assert_eq!(find("/Envelope/Body/n/o/Id").as_deref(), Some("inner"));
        assert_eq!(find("/Envelope/Body/n/o/Name").as_deref(), Some("<Noé>"));
    }

    #[test]
    fn attributes_are_found_by_their_local_name() {
        assert_eq!(find("/Envelope/Body/n/o/@type").as_deref(), Some("Contact"));
        assert_eq!(find("/Envelope/Body/n/o/@key").as_deref(), Some("k:v"));
    }

    #[test]
    fn nothing_is_found_elsewhere() {
        for path in
            ["/Body/n/Id", "/Envelope/Id", "/Envelope/Body/n/o/nil", "/Envelope/Body/n", "/"]
        {
            assert_eq!(find(path), None, "{path}");
        }
        for body in ["", "{}", "<a><b>1</a>", "<a>&undefined;</a>", "<a>"] {
            assert_eq!(lookup(body.as_bytes(), "/a/b"), None, "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(lookup("\u{feff}<a>1</a>".as_bytes(), "/a").as_deref(), Some("1"));
    }
}
