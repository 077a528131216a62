//! What people do at a console over and over: open it, sign in, walk to a screen, look somebody up.

use crate::{Clinic, Programs, Window};
use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

/// A member of the clinic's staff as the sign-in screen shows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their full name.
    pub name: String,
}

impl Person {
    /// The name by which the screens call them.
    pub fn first_name(&self) -> &str {
        self.name.split(' ').next().unwrap_or(&self.name)
    }
}

/// A value of an answer as text.
///
/// # Errors
/// When the answer has no such text.
pub fn text_of(value: &Value, name: &str) -> Result<String> {
    value[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the answer has no text {name:?}: {value}"))
}

impl Window {
    /// Opens a console of a clinic, which joins it the first time, and waits for the sign-in screen.
    ///
    /// # Errors
    /// When the window does not come so far.
    pub async fn at(
        programs: &Programs,
        clinic: &Clinic,
        name: &str,
        profile: &str,
    ) -> Result<Self> {
        let link = clinic.enrolment_link(name, profile)?;
        let window =
            Self::open(programs, clinic.folder(name), &["--demo", "--enrol", &link]).await?;
        window.see("Quem está aí?").await?;
        Ok(window)
    }

    /// Opens a console that has joined its clinic before.
    ///
    /// # Errors
    /// As [`Window::at`].
    pub async fn again(programs: &Programs, clinic: &Clinic, name: &str) -> Result<Self> {
        let window = Self::open(programs, clinic.folder(name), &["--demo"]).await?;
        window.see("Quem está aí?").await?;
        Ok(window)
    }

    /// Calls a command that must be done.
    ///
    /// # Errors
    /// When the app refuses it; the message holds the code.
    pub async fn call(&self, command: &str, arguments: Value) -> Result<Value> {
        self.invoke(command, arguments)
            .await?
            .map_err(|code| anyhow!("{command} answered {code}"))
    }

    /// Somebody whose only role it is: `reception`, `practitioner` or `manager`.
    ///
    /// # Errors
    /// When the clinic has nobody of it.
    pub async fn somebody(&self, role: &str) -> Result<Person> {
        let people = self.call("staff_tiles", json!({})).await?;
        let found = people
            .as_array()
            .into_iter()
            .flatten()
            .find(|person| person["roles"] == json!([role]))
            .with_context(|| format!("nobody is {role} alone: {people}"))?;
        Ok(Person {
            id: text_of(found, "id")?,
            name: text_of(found, "name")?,
        })
    }

    /// Signs somebody of a role in by the demonstration's password and leaves the PIN for later.
    ///
    /// # Errors
    /// When a step is not there.
    pub async fn sign_in(&self, role: &str) -> Result<Person> {
        let person = self.enter_password(role).await?;
        self.click("Agora não").await?;
        self.see("Bloquear").await?;
        Ok(person)
    }

    /// Signs in as far as the question for a PIN.
    ///
    /// # Errors
    /// When a step is not there.
    pub async fn enter_password(&self, role: &str) -> Result<Person> {
        let person = self.somebody(role).await?;
        self.click(&person.name).await?;
        self.click("Usar").await?;
        self.click("Entrar").await?;
        self.see("Crie um PIN para hoje").await?;
        Ok(person)
    }

    /// Goes to a screen by its name in the rail.
    ///
    /// # Errors
    /// When the rail does not offer it.
    pub async fn go(&self, screen: &str) -> Result<()> {
        self.click(screen).await?;
        self.until(&format!("the screen {screen}"), async |window| {
            let titles = window.texts("main h1").await?;
            Ok((titles.first().map(String::as_str) == Some(screen)).then_some(()))
        })
        .await
    }

    /// Types into the search of the clients' list, after emptying it, and waits until somebody is among who is found: the
    /// names as the list shows them.
    ///
    /// # Errors
    /// When they are not.
    pub async fn find(&self, typed: &str, wanted: &str) -> Result<Vec<String>> {
        self.fill("Nome, CPF, telefone ou nascimento", typed)
            .await?;
        self.until(&format!("{wanted} for {typed:?}"), async |window| {
            let found = window.texts("[role=option] > span:first-child").await?;
            Ok(found.iter().any(|name| name == wanted).then_some(found))
        })
        .await
    }

    /// What the elements of a CSS selector say, in their order, with single spaces.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let texts = self
            .run(
                "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.replace(/\\s+/g, ' ').trim())",
                vec![json!(selector)],
            )
            .await?;
        Ok(texts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect())
    }

    /// Waits until a CSS selector finds something.
    ///
    /// # Errors
    /// As [`Window::until`].
    pub async fn present(&self, selector: &str) -> Result<()> {
        self.until(&format!("an element at {selector}"), async |window| {
            let there = window
                .run(
                    "return document.querySelector(arguments[0]) !== null",
                    vec![json!(selector)],
                )
                .await?;
            Ok((there == true).then_some(()))
        })
        .await
    }

    /// Opens a client's file from the list, by the CPF or name that is typed.
    ///
    /// # Errors
    /// When the client is not found.
    pub async fn open_client(&self, name: &str) -> Result<()> {
        self.go("Pacientes").await?;
        self.find(name, name).await?;
        self.press(crate::window::key::ENTER).await?;
        self.until(&format!("the file of {name}"), async |window| {
            let titles = window.texts("main h1").await?;
            Ok(titles.iter().any(|title| title == name).then_some(()))
        })
        .await
    }

    /// What the sync panel knows.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub async fn sync(&self) -> Result<Value> {
        self.call("sync_read", json!({})).await
    }

    /// Waits until the server has receipted everything of this console.
    ///
    /// # Errors
    /// As [`Window::until`].
    pub async fn synced(&self) -> Result<()> {
        self.until("everything on the server", async |window| {
            let sync = window.sync().await?;
            let nothing = |list: &str| sync[list].as_array().is_some_and(Vec::is_empty);
            Ok((sync["connection"]["kind"] == "online"
                && sync["synced"] == true
                && nothing("waiting")
                && nothing("uploads"))
            .then_some(()))
        })
        .await
    }
}
