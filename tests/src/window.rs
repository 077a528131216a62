//! A real window of the real app, driven through WebDriver: what a person sees, clicks and types.

use crate::Programs;
use anyhow::{Context, Result, anyhow, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use xtask::process::Child;

/// How long something may take to appear on a busy two-core machine. Not a measure of speed: benchmarks measure.
const PATIENCE: Duration = Duration::from_secs(45);

/// Keys as WebDriver names them.
pub mod key {
    /// Enter.
    pub const ENTER: &str = "\u{E007}";
    /// Escape.
    pub const ESCAPE: &str = "\u{E00C}";
    /// Tabulator.
    pub const TAB: &str = "\u{E004}";
    /// Held with the key after it.
    pub const CONTROL: &str = "\u{E009}";
    /// Cursor down.
    pub const DOWN: &str = "\u{E015}";
}

/// A window.
pub struct Window {
    client: Option<Client>,
    // Ends after the session: the driver stops the app it has started.
    driver: Child,
    data: PathBuf,
}

/// A free port. Another program could take it before the driver does; then the driver says so.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Window {
    /// Opens the app on a data folder.
    ///
    /// # Errors
    /// When the driver or the app does not come up; the message holds the driver's last lines.
    pub async fn open(programs: &Programs, data: PathBuf, arguments: &[&str]) -> Result<Self> {
        Self::open_in(programs, data, arguments, &[]).await
    }

    /// Opens the app on a data folder, with variables of its environment set to other values.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_in(
        programs: &Programs,
        data: PathBuf,
        arguments: &[&str],
        variables: &[(&str, &std::ffi::OsStr)],
    ) -> Result<Self> {
        let port = free_port()?;
        let log = data.with_extension("driver.log");
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(variables.iter().copied());
        let driver = Child::start("WebKitWebDriver", &mut command, &log, None)?;
        let mut all = vec!["--data".to_owned(), data.display().to_string()];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let mut capabilities = fantoccini::wd::Capabilities::new();
        capabilities.insert(
            "webkitgtk:browserOptions".to_owned(),
            json!({ "binary": programs.console, "args": all }),
        );
        let begun = Instant::now();
        let client = loop {
            let connected = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            match connected {
                Ok(client) => break client,
                // The driver needs a moment before it listens.
                Err(
                    fantoccini::error::NewSessionError::Failed(_)
                    | fantoccini::error::NewSessionError::FailedC(_)
                    | fantoccini::error::NewSessionError::Lost(_),
                ) if begun.elapsed() < Duration::from_secs(10) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(anyhow!("the window did not open: {error}")),
            }
        };
        Ok(Self {
            client: Some(client),
            driver,
            data,
        })
    }

    /// The console's data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The WebDriver session.
    ///
    /// # Errors
    /// When the window was closed.
    pub fn client(&self) -> Result<&Client> {
        self.client.as_ref().context("the window was closed")
    }

    /// Closes the window as a person would.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn close(mut self) -> Result<()> {
        match self.client.take() {
            Some(client) => client.close().await.context("closing the window"),
            None => Ok(()),
        }
    }

    /// Runs a script in the page and gives what it returns.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client()?.execute(script, arguments).await?)
    }

    /// Calls a command of the app from its page, as the page itself does. The inner error is the code that the app answered.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn invoke(
        &self,
        command: &str,
        arguments: Value,
    ) -> Result<std::result::Result<Value, String>> {
        let answer = self
            .client()?
            .execute_async(
                "const [command, args, done] = arguments; \
                 window.__TAURI_INTERNALS__.invoke(command, args).then( \
                   (data) => done({ data }), (error) => done({ code: error?.code ?? String(error) }))",
                vec![json!(command), arguments],
            )
            .await?;
        Ok(match answer.get("code").and_then(Value::as_str) {
            Some(code) => Err(code.to_owned()),
            None => Ok(answer.get("data").cloned().unwrap_or(Value::Null)),
        })
    }

    /// The process id of the app.
    ///
    /// # Errors
    /// When the driver has no app running.
    pub fn app(&self) -> Result<u32> {
        let driver = self.driver.id();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            // A process that ended meanwhile has no line any more.
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat
                .rsplit(") ")
                .next()
                .and_then(|rest| rest.split(' ').nth(1));
            if parent == Some(driver.to_string().as_str()) && !stat.contains(") Z ") {
                return Ok(pid);
            }
        }
        bail!("the driver runs no app")
    }

    /// Ends the app at once, as a power cut would: it is told nothing. The window is of no use afterwards.
    ///
    /// # Errors
    /// When there is no app to end.
    pub fn kill(&self) -> Result<()> {
        crate::programs::kill(self.app()?)
    }

    /// Everything that can be read in the window now.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn text(&self) -> Result<String> {
        let text = self
            .run(
                "return document.body ? document.body.innerText : ''",
                Vec::new(),
            )
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until `wanted` answers.
    ///
    /// # Errors
    /// When it does not within the patience; the message holds what the window shows.
    pub async fn until<T>(
        &self,
        what: &str,
        mut wanted: impl AsyncFnMut(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut last = None;
        while begun.elapsed() < PATIENCE {
            match wanted(self).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => last = None,
                // The page may have been replaced between two steps.
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let shown = self.text().await.unwrap_or_default();
        match last {
            Some(error) => {
                Err(error.context(format!("waiting for {what}; the window shows:\n{shown}")))
            }
            None => bail!("{what} did not appear; the window shows:\n{shown}"),
        }
    }

    /// Waits for a text to be readable.
    ///
    /// # Errors
    /// As [`Window::until`].
    pub async fn see(&self, text: &str) -> Result<()> {
        self.until(&format!("the text {text:?}"), async |window| {
            Ok(window.text().await?.contains(text).then_some(()))
        })
        .await
    }

    /// Waits for a text to be gone.
    ///
    /// # Errors
    /// As [`Window::until`].
    pub async fn see_no_more(&self, text: &str) -> Result<()> {
        self.until(&format!("the end of the text {text:?}"), async |window| {
            Ok((!window.text().await?.contains(text)).then_some(()))
        })
        .await
    }

    /// Waits for something that can be clicked, by its accessible name: what it says, or its label. `exactly` takes no
    /// longer name.
    async fn control(&self, name: &str) -> Result<Element> {
        self.until(&format!("the control {name:?}"), async |window| {
            for locator in [exact(name), beginning(name)] {
                for element in window.client()?.find_all(Locator::XPath(&locator)).await? {
                    if element.is_displayed().await? && element.is_enabled().await? {
                        return Ok(Some(element));
                    }
                }
            }
            Ok(None)
        })
        .await
    }

    /// Clicks what has this accessible name.
    ///
    /// # Errors
    /// When there is no such control, or something covers it.
    pub async fn click(&self, name: &str) -> Result<()> {
        self.until(&format!("a click on {name:?}"), async |window| {
            window.control(name).await?.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Clicks the first element of a CSS selector.
    ///
    /// # Errors
    /// As [`Window::click`].
    pub async fn click_at(&self, selector: &str) -> Result<()> {
        self.until(&format!("a click at {selector}"), async |window| {
            window
                .client()?
                .find(Locator::Css(selector))
                .await?
                .click()
                .await?;
            Ok(Some(()))
        })
        .await
    }

    /// Types into the field of this label, after emptying it.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        self.until(&format!("the field {label:?}"), async |window| {
            for element in window
                .client()?
                .find_all(Locator::XPath(&field(label)))
                .await?
            {
                if element.is_displayed().await? {
                    element.clear().await?;
                    element.send_keys(text).await?;
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Presses keys wherever the focus is; one of [`key`] or characters.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn press(&self, keys: &str) -> Result<()> {
        self.until("the focus", async |window| {
            // What had the focus may go before the keys reach it; then nothing was pressed.
            let focused = window.client()?.active_element().await?;
            focused.send_keys(keys).await?;
            Ok(Some(()))
        })
        .await
    }

    /// Saves a picture of the page.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn photograph(&self, path: &Path) -> Result<()> {
        let png = self.client()?.screenshot().await?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, png).with_context(|| format!("writing {}", path.display()))
    }
}

/// An XPath string literal of any text.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

const CLICKABLE: &str = "//*[self::button or self::a or self::summary or @role='button' or @role='tab' or @role='menuitem' \
     or @role='option' or @role='radio' or @role='switch' or @role='link' or @role='row' or @role='gridcell']";

fn exact(name: &str) -> String {
    let name = literal(name);
    format!("{CLICKABLE}[normalize-space(.)={name} or @aria-label={name} or @title={name}]")
}

fn beginning(name: &str) -> String {
    let name = literal(name);
    format!("{CLICKABLE}[contains(normalize-space(.), {name}) or starts-with(@aria-label, {name})]")
}

fn field(label: &str) -> String {
    let label = literal(label);
    let input =
        "*[self::input or self::textarea or self::select or @role='combobox' or @role='textbox']";
    format!(
        "//{input}[@id=//label[starts-with(normalize-space(.), {label})]/@for] | //label[starts-with(normalize-space(.), {label})]//{input} \
         | //{input}[@aria-label={label}] | //{input}[@placeholder={label}]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_be_looked_for() {
        assert_eq!(literal("Entrar"), "'Entrar'");
        assert_eq!(literal("D'Ávila"), "concat('D', \"'\", 'Ávila')");
    }
}
