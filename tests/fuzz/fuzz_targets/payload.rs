//! Arbitrary bodies under any content type: each has rows, a shape, and a difference.
#![no_main]

use bytes::Bytes;
use hookglass::payload::diff::{Diff, IgnoredPaths};
use hookglass::payload::schema::Schema;
use hookglass::payload::{Document, Folds};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Option<&str>, Option<&str>, &[u8])| {
    let (kind, encoding, body) = input;
    let body = Bytes::copy_from_slice(body);
    let document = Document::new(body.clone(), kind, encoding);
    let mut folds = Folds::default();
    folds.fold_to(&document, 1);
    for row in 0..document.row_count() {
        assert!(document.row(row).is_some() && document.folded_row(row).is_some());
        let visible = folds.visible(row);
        assert!(folds.absolute(&document, visible).is_some_and(|shown| shown <= row));
        if let Some(node) = document.node(row) {
            let _ = (node.path().jq(), node.string(), node.instant());
        }
    }
    let _ = Schema::of(&document);
    let _ = Diff::new(&document, &Document::new(body, None, None), &IgnoredPaths::default());
});
