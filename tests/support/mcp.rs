//! A client of `hookglass mcp` that speaks the protocol itself, so that tests see every byte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use super::{Tested, hookglass};

/// A connection to a server.
pub(crate) struct Agent {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
    /// Everything that the server wrote.
    pub(crate) lines: String,
    /// Notifications so far.
    pub(crate) notifications: Vec<Value>,
}

impl Agent {
    /// Starts a server in a folder, and initializes the connection.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Tested<Self> {
        let mut command = hookglass(folder);
        command.arg("mcp").args(args);
        Self::connect(&mut command)
    }

    pub(crate) fn connect(command: &mut Command) -> Tested<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let (lines, notifications) = (String::new(), Vec::new());
        let mut agent = Self { child, input, output, next: 0, lines, notifications };
        let client = json!({"name": "test", "version": "1"});
        let params =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        agent.request("initialize", params)?;
        agent.notify("notifications/initialized", json!({}))?;
        Ok(agent)
    }

    fn write(&mut self, message: &Value) -> Tested {
        let input = self.input.as_mut().ok_or("closed")?;
        writeln!(input, "{message}")?;
        Ok(input.flush()?)
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) -> Tested {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request, and returns its id.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> Tested<u64> {
        self.next += 1;
        let id = self.next;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        Ok(id)
    }

    /// Reads messages until the response to a request.
    pub(crate) fn response(&mut self, id: u64) -> Tested<Value> {
        loop {
            let message = self.message()?;
            if message.get("id") == Some(&json!(id)) {
                return Ok(message);
            }
            self.notifications.push(message);
        }
    }

    /// Reads one message.
    pub(crate) fn message(&mut self) -> Tested<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the server closed the connection".into());
        }
        self.lines.push_str(&line);
        Ok(serde_json::from_str(&line)?)
    }

    /// Sends a request, and returns its result or error.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Tested<Value> {
        let id = self.send(method, params)?;
        let message = self.response(id)?;
        Ok(message.get("result").or(message.get("error")).cloned().unwrap_or_default())
    }

    /// Calls a tool, and returns its result as it is.
    pub(crate) fn raw_call(&mut self, tool: &str, arguments: Value) -> Tested<Value> {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Calls a tool that succeeds, and returns its structured result.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Tested<Value> {
        let result = self.raw_call(tool, arguments)?;
        if result.get("isError") != Some(&json!(false)) {
            return Err(format!("{tool}: {result}").into());
        }
        Ok(result.get("structuredContent").cloned().unwrap_or_default())
    }

    /// Calls a tool that fails, and returns its message.
    pub(crate) fn mistake(&mut self, tool: &str, arguments: Value) -> Tested<String> {
        let result = self.raw_call(tool, arguments)?;
        if result.get("isError") != Some(&json!(true)) {
            return Err(format!("{tool} succeeded: {result}").into());
        }
        let text = result.pointer("/content/0/text").and_then(Value::as_str);
        Ok(text.unwrap_or_default().to_owned())
    }

    /// Closes the connection, and waits for the server.
    pub(crate) fn close(mut self) -> Tested<ExitStatus> {
        drop(self.input.take());
        Ok(self.child.wait()?)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns all strings of a value.
pub(crate) fn all_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(all_text).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| [name.clone(), all_text(value)]).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
