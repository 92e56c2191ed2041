//! JSON Schemas of arguments and results, in the subset that clients understand.

use std::sync::Arc;

use rmcp::model::JsonObject;
use rmcp::schemars::JsonSchema;
use rmcp::schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Returns the schema of arguments: without references and alternatives, which some clients reject.
pub(super) fn of_arguments<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = generated::<T>(SchemaSettings::draft2020_12());
    schema.values_mut().for_each(simplify);
    // A tool without arguments has none.
    schema.entry("properties").or_insert_with(|| json!({}));
    Arc::new(schema)
}

/// Returns the schema of results.
pub(super) fn of_results<T: JsonSchema>() -> Arc<JsonObject> {
    Arc::new(generated::<T>(SchemaSettings::draft2020_12().for_serialize()))
}

fn generated<T: JsonSchema>(mut settings: SchemaSettings) -> JsonObject {
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let Value::Object(mut schema) = schema.to_value() else { return JsonObject::new() };
    // The tool has both.
    schema.remove("title");
    schema.remove("description");
    schema.values_mut().for_each(tidy);
    schema
}

/// Removes formats that JSON Schema does not define, and line breaks of the source.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("type").is_some_and(is_number) {
                fields.remove("format");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_number(kind: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(is_number),
        kind => kind == "integer" || kind == "number",
    }
}

/// Replaces what may be null by what it is otherwise: an argument that is null is as good as
/// absent. Words with descriptions become a list of words.
fn simplify(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    if let Some(Value::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            fields.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(mut choices)) = fields.remove("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&json!("null")));
        if let Some(Value::Object(choice)) = choices.pop() {
            for (name, part) in choice {
                fields.entry(name).or_insert(part);
            }
        }
    }
    if let Some(Value::Array(choices)) = fields.remove("oneOf") {
        let text = |choice: &Value, name: &str| {
            choice.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let words: Vec<String> = choices.iter().map(|choice| text(choice, "const")).collect();
        let meanings: Vec<String> = choices
            .iter()
            .map(|choice| format!("`{}`: {}", text(choice, "const"), text(choice, "description")))
            .collect();
        let before = fields.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{before} {}", meanings.join(" "));
        fields.insert("description".to_owned(), json!(description.trim()));
        fields.insert("type".to_owned(), json!("string"));
        fields.insert("enum".to_owned(), json!(words));
    }
    fields.values_mut().for_each(simplify);
}

#[cfg(test)]
mod tests {
    use rmcp::schemars;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    struct Example {
        /// A number, written
        /// on two lines.
        number: Option<u64>,
        word: Option<Word>,
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        /// The first.
        One,
        /// The second.
        Two,
    }

    #[test]
    fn arguments_have_one_type_each() {
        let schema = of_arguments::<Example>();
        let properties = schema.get("properties").unwrap();
        assert_eq!(
            properties,
            &json!({
                "number": {
                    "type": "integer", "minimum": 0, "description": "A number, written on two lines."
                },
                "word": {
                    "type": "string", "enum": ["one", "two"],
                    "description": "`one`: The first. `two`: The second."
                }
            })
        );
    }

    #[test]
    fn results_may_be_null() {
        let schema = of_results::<Example>();
        assert_eq!(schema["properties"]["number"]["type"], json!(["integer", "null"]));
    }
}
