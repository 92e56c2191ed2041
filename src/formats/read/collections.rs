//! Reads collections of API clients: Postman (2.x) and Insomnia (4).

use std::collections::BTreeMap;

use serde_json::Value;

use super::draft::{self, FormPart, RequestDraft};
use super::variables::Variables;
use super::{Collector, RecordedRequest, RequestError, RequestFileError};

/// Reads a Postman collection.
pub(super) fn postman(
    value: &Value,
    collector: &mut Collector<'_>,
) -> Result<(), RequestFileError> {
    let mut variables = Variables::default();
    let declared = value.get("variable").and_then(Value::as_array);
    for variable in declared.into_iter().flatten() {
        if let (Some(name), Some(value)) =
            (text(variable, "key").or_else(|| text(variable, "id")), scalar(variable, "value"))
        {
            variables.set(&name, &value);
        }
    }
    let mut waiting: Vec<(String, &Value)> =
        items(value).into_iter().rev().map(|item| (String::new(), item)).collect();
    while let Some((folder, item)) = waiting.pop() {
        let name =
            format!("{folder}{}", text(item, "name").unwrap_or_else(|| "request".to_owned()));
        let inner = items(item).into_iter().rev();
        waiting.extend(inner.map(|item| (format!("{name} / "), item)));
        if let Some(request) = item.get("request") {
            let recorded = postman_request(request, &variables, &name, collector);
            collector.push(&format!("request `{name}`"), recorded)?;
        }
    }
    Ok(())
}

fn items(value: &Value) -> Vec<&Value> {
    value.get("item").and_then(Value::as_array).into_iter().flatten().collect()
}

fn postman_request(
    request: &Value,
    variables: &Variables,
    name: &str,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestError> {
    if let Some(url) = request.as_str() {
        return RequestDraft { url: variables.fill(url)?, ..RequestDraft::default() }.request();
    }
    let url = request.get("url");
    let url = url.and_then(|url| url.as_str().map(str::to_owned).or_else(|| text(url, "raw")));
    let mut draft = RequestDraft {
        method: text(request, "method").unwrap_or_else(|| "GET".to_owned()),
        url: variables.fill(&url.ok_or(RequestError::NoUrl)?)?,
        headers: fields(request.get("header"), "key", variables)?,
        ..RequestDraft::default()
    };
    if request.get("auth").is_some_and(|auth| !auth.is_null()) {
        collector.warn(format!("request `{name}`: its auth settings were not imported"));
    }
    let Some(body) = request.get("body").filter(|body| !body.is_null()) else {
        return draft.request();
    };
    match text(body, "mode").as_deref() {
        Some("raw") => {
            draft.body = variables.fill(&text(body, "raw").unwrap_or_default())?.into_bytes();
            let is_json =
                body.pointer("/options/raw/language").and_then(Value::as_str) == Some("json");
            if is_json {
                draft.set_default("Content-Type", "application/json");
            }
        }
        Some(mode @ ("urlencoded" | "formdata")) => {
            let kind = if mode == "urlencoded" {
                crate::payload::form::MEDIA_TYPE
            } else {
                "multipart/form-data"
            };
            add_form(&mut draft, body.get(mode), kind, variables, collector)?;
        }
        Some("file") => {
            let path = body
                .pointer("/file/src")
                .and_then(Value::as_str)
                .ok_or(RequestError::UnnamedFile)?;
            draft.body = collector.file(path)?;
        }
        Some("graphql") => {
            let query = body.pointer("/graphql/query").and_then(Value::as_str).unwrap_or_default();
            let variables =
                body.pointer("/graphql/variables").and_then(Value::as_str).unwrap_or_default();
            draft.body = graphql(query, variables);
            draft.set_default("Content-Type", "application/json");
        }
        Some("none") | None => {}
        Some(other) => collector.warn(format!(
            "request `{name}`: unknown kind of body `{other}`, so the body is empty"
        )),
    }
    draft.request()
}

/// Returns the body of a GraphQL request.
pub(super) fn graphql(query: &str, variables: &str) -> Vec<u8> {
    let variables: Value = serde_json::from_str(variables).unwrap_or(Value::Null);
    let mut body = serde_json::json!({ "query": query });
    if let (Some(fields), false) = (body.as_object_mut(), variables.is_null()) {
        fields.insert("variables".to_owned(), variables);
    }
    body.to_string().into_bytes()
}

fn add_form(
    draft: &mut RequestDraft,
    parts: Option<&Value>,
    kind: &str,
    variables: &Variables,
    collector: &Collector<'_>,
) -> Result<(), RequestError> {
    let mut form = Vec::new();
    for part in enabled(parts) {
        let name = text(part, "key").or_else(|| text(part, "name")).unwrap_or_default();
        let file = part.get("src").or_else(|| part.get("fileName")).and_then(Value::as_str);
        let value = match file.filter(|file| !file.is_empty()) {
            Some(file) => collector.file(file)?,
            None => variables.fill(&scalar(part, "value").unwrap_or_default())?.into_bytes(),
        };
        let file_name = file.and_then(|file| file.rsplit('/').next()).map(str::to_owned);
        form.push(FormPart { name: variables.fill(&name)?, value, file_name, content_type: None });
    }
    let (body, kind) = draft::form(&form, draft.header("content-type").unwrap_or(kind));
    draft.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    draft.headers.push(("Content-Type".to_owned(), kind));
    draft.body = body;
    Ok(())
}

fn enabled(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    let is_enabled = |one: &&Value| one.get("disabled").and_then(Value::as_bool) != Some(true);
    list.and_then(Value::as_array).into_iter().flatten().filter(is_enabled)
}

fn fields(
    list: Option<&Value>,
    key: &str,
    variables: &Variables,
) -> Result<Vec<(String, String)>, RequestError> {
    enabled(list)
        .filter_map(|one| Some((text(one, key)?, scalar(one, "value").unwrap_or_default())))
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| Ok((variables.fill(&name)?, variables.fill(&value)?)))
        .collect()
}

/// Reads an Insomnia export.
pub(super) fn insomnia(
    value: &Value,
    collector: &mut Collector<'_>,
) -> Result<(), RequestFileError> {
    let resources = || value.get("resources").and_then(Value::as_array).into_iter().flatten();
    let is = |kind: &'static str| move |one: &&Value| text(one, "_type").as_deref() == Some(kind);
    let mut variables = Variables::default();
    for environment in resources().filter(is("environment")) {
        let data = environment.get("data").and_then(Value::as_object);
        for (name, _) in data.into_iter().flatten() {
            if let Some(value) = environment.get("data").and_then(|data| scalar(data, name)) {
                variables.set(name, &value);
                variables.set(&format!("_.{name}"), &value);
            }
        }
    }
    for request in resources().filter(is("request")) {
        let name = text(request, "name").unwrap_or_else(|| "request".to_owned());
        let recorded = insomnia_request(request, &variables, collector);
        collector.push(&format!("request `{name}`"), recorded)?;
    }
    Ok(())
}

fn insomnia_request(
    request: &Value,
    variables: &Variables,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestError> {
    let mut url = variables.fill(&text(request, "url").ok_or(RequestError::NoUrl)?)?;
    let query = fields(request.get("parameters"), "name", variables)?;
    if !query.is_empty() {
        let parts: Vec<FormPart> = query
            .into_iter()
            .map(|(name, value)| FormPart {
                name,
                value: value.into_bytes(),
                ..FormPart::default()
            })
            .collect();
        let query = String::from_utf8_lossy(&draft::urlencoded(&parts)).into_owned();
        url = format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' });
    }
    let mut draft = RequestDraft {
        method: text(request, "method").unwrap_or_else(|| "GET".to_owned()),
        url,
        headers: fields(request.get("headers"), "name", variables)?,
        ..RequestDraft::default()
    };
    let body = request.get("body").cloned().unwrap_or_default();
    let kind = text(&body, "mimeType");
    if let Some(raw) = text(&body, "text") {
        draft.body = variables.fill(&raw)?.into_bytes();
    } else if let Some(file) = text(&body, "fileName") {
        draft.body = collector.file(&file)?;
    } else if body.get("params").and_then(Value::as_array).is_some_and(|params| !params.is_empty())
    {
        let kind = kind.as_deref().unwrap_or(crate::payload::form::MEDIA_TYPE);
        add_form(&mut draft, body.get("params"), kind, variables, collector)?;
    }
    if let Some(kind) = kind {
        draft.set_default("Content-Type", kind);
    }
    draft.request()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn scalar(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Returns the variables of the environments in an HTTP client's environment file.
pub(super) fn environments(value: &Value) -> BTreeMap<String, BTreeMap<String, String>> {
    let Some(environments) = value.as_object() else { return BTreeMap::new() };
    let variables = |environment: &Value| {
        let names = environment.as_object().into_iter().flatten().map(|(name, _)| name);
        names.filter_map(|name| Some((name.clone(), scalar(environment, name)?))).collect()
    };
    environments.iter().map(|(name, environment)| (name.clone(), variables(environment))).collect()
}
