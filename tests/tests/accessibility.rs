//! axe-core in the real web view: every screen, panel and dialog, light and dark, without a violation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed expectation is a failed test"
)]

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use system_tests::window::key;
use system_tests::{Clinic, Programs, Window};

/// The checker, as the interface's own dependencies bring it.
fn axe() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path)
        .with_context(|| format!("{} is not there; run `npm ci` in ui", path.display()))
}

/// Looks at one window and keeps what is wrong.
struct Inspection {
    axe: String,
    found: Vec<String>,
    seen: usize,
    pictures: Option<PathBuf>,
}

impl Inspection {
    fn begin() -> Result<Self> {
        Ok(Self {
            axe: axe()?,
            found: Vec::new(),
            seen: 0,
            pictures: std::env::var_os("ESPELHO_TEST_PICTURES").map(PathBuf::from),
        })
    }

    /// Checks what the window shows in both themes.
    async fn look(&mut self, window: &Window, what: &str) -> Result<()> {
        let loaded = window.run("return typeof window.axe", Vec::new()).await?;
        if loaded != "object" {
            window.run(&self.axe, Vec::new()).await?;
        }
        for theme in ["light", "dark"] {
            let answer = window
                .client()?
                .execute_async(
                    "const [theme, done] = arguments; document.documentElement.dataset.theme = theme; \
                     Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity) \
                         .map((a) => a.finished.catch(() => 0))) \
                       .then(() => axe.run(document, { resultTypes: ['violations'] })) \
                       .then((r) => done({ passes: r.passes.length, violations: r.violations.map((v) => \
                           `${v.id} (${v.impact}): ${v.help}: ` + v.nodes.map((n) => n.html.slice(0, 160) + ' ' + \
                             [...n.any, ...n.all, ...n.none].map((c) => c.message).join('; ')).join(' | ')) }), \
                         (e) => done({ error: String(e) }))",
                    vec![json!(theme)],
                )
                .await?;
            let passes = answer["passes"].as_u64().unwrap_or(0);
            anyhow::ensure!(passes > 5, "axe saw nothing of {what}: {answer}");
            for violation in answer["violations"].as_array().into_iter().flatten() {
                let violation = violation.as_str().unwrap_or_default();
                self.found.push(format!("{what}, {theme}: {violation}"));
            }
            self.seen += 1;
            if let Some(folder) = &self.pictures {
                let name = format!("{:02}-{}-{theme}.png", self.seen, what.replace(' ', "-"));
                window.photograph(&folder.join(name)).await?;
            }
        }
        Ok(())
    }

    fn end(self) {
        assert!(
            self.found.is_empty(),
            "{} violations in {} views:\n{}",
            self.found.len(),
            self.seen,
            self.found.join("\n")
        );
    }
}

#[tokio::test]
async fn joining_a_clinic_has_no_violations() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 20, 2)?;
    let mut inspection = Inspection::begin()?;
    let window = Window::open(&programs, clinic.folder("fresh"), &["--demo"]).await?;
    window.see("Ligar este computador à clínica").await?;
    inspection.look(&window, "enrolment").await?;
    window
        .fill("Endereço de inscrição", "espelho-enrol:nada")
        .await?;
    window.click("Inscrever").await?;
    window.see("incompleto").await?;
    inspection.look(&window, "refused enrolment").await?;
    let link = clinic.enrolment_link("Sala", "treatment_room")?;
    window.fill("Endereço de inscrição", &link).await?;
    window.click("Inscrever").await?;
    window.see("Guarde o kit de recuperação").await?;
    inspection.look(&window, "recovery kit").await?;
    let kit = window.call("recovery_kit", json!({})).await?;
    window.click("Já guardei as palavras").await?;
    window.see("Confira o kit de recuperação").await?;
    inspection.look(&window, "recovery test").await?;
    for place in kit["asks_for"]
        .as_array()
        .context("no words are asked for")?
    {
        let place = place.as_u64().context("a place is a number")?;
        let word = kit["recovery_words"][place as usize - 1]
            .as_str()
            .unwrap_or_default();
        window.fill(&format!("Palavra {place}"), word).await?;
    }
    window.click("Conferir").await?;
    window.see("Quem está aí?").await?;
    window.close().await?;
    inspection.end();
    Ok(())
}

#[tokio::test]
async fn signing_in_and_the_desk_have_no_violations() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let mut inspection = Inspection::begin()?;
    let window = Window::at(&programs, &clinic, "desk", "reception").await?;
    inspection.look(&window, "people").await?;
    let desk = window.somebody("reception").await?;
    window.click(&desk.name).await?;
    window.see("Usar").await?;
    inspection.look(&window, "password").await?;
    window.click("Usar").await?;
    window.click("Entrar").await?;
    window.see("Crie um PIN para hoje").await?;
    inspection.look(&window, "new pin").await?;
    window.click("Agora não").await?;
    window.see("Sala de espera").await?;
    inspection.look(&window, "today").await?;
    window.press("?").await?;
    window.see("Atalhos do teclado").await?;
    inspection.look(&window, "help").await?;
    window.press(key::ESCAPE).await?;
    window.see_no_more("Atalhos do teclado").await?;
    window.press(&format!("{}k", key::CONTROL)).await?;
    window.see("Digite um nome, CPF").await?;
    inspection.look(&window, "palette").await?;
    window.press(key::ESCAPE).await?;
    window.see_no_more("Digite um nome, CPF").await?;
    window.press(&format!("{}j", key::CONTROL)).await?;
    window.fill("Nome completo", "Um").await?;
    window.click_at("aside footer button[type=submit]").await?;
    window.see("Escreva nome e sobrenome.").await?;
    inspection.look(&window, "register with a mistake").await?;
    window.click_at("aside header button").await?;
    window.press(&format!("{}b", key::CONTROL)).await?;
    window.fill("Quem", "a").await?;
    inspection.look(&window, "book").await?;
    window.fill("Quem", "ma").await?;
    window.present(".seek-item").await?;
    inspection.look(&window, "book with people found").await?;
    window.fill("Quem", "zzqx").await?;
    window.see("Ninguém com").await?;
    inspection.look(&window, "book with nobody found").await?;
    window.click_at("aside header button").await?;
    window.go("Agenda").await?;
    window.present("[data-card]").await?;
    inspection.look(&window, "agenda").await?;
    window.click_at("[data-card]").await?;
    window.see("Completude").await?;
    inspection.look(&window, "visit").await?;
    window.click("Semana").await?;
    inspection.look(&window, "week").await?;
    window.press(&format!("{}l", key::CONTROL)).await?;
    window.see("Bloqueado").await?;
    inspection.look(&window, "lock").await?;
    window.close().await?;
    inspection.end();
    Ok(())
}

/// Somebody with two photos or more.
async fn with_photos(window: &Window) -> Result<Value> {
    window
        .until("a client with two photos", async |window| {
            let recent = window
                .call("photos_recent", json!({ "after": null }))
                .await?;
            for photo in recent.as_array().into_iter().flatten() {
                let photos = window
                    .call("photos_of", json!({ "clientId": photo["client_id"] }))
                    .await?;
                if photos.as_array().is_some_and(|photos| photos.len() > 1) {
                    let profile = window
                        .call("client_profile", json!({ "id": photo["client_id"] }))
                        .await?;
                    return Ok(Some(profile["client"].clone()));
                }
            }
            Ok(None)
        })
        .await
}

#[tokio::test]
async fn the_treatment_room_has_no_violations() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 4)?;
    let mut inspection = Inspection::begin()?;
    let window = Window::at(&programs, &clinic, "room", "treatment_room").await?;
    window.sign_in("practitioner").await?;
    let client = with_photos(&window).await?;
    window.go("Pacientes").await?;
    inspection.look(&window, "clients").await?;
    window.open_client(client["name"].as_str().unwrap()).await?;
    window.see("Linha do tempo").await?;
    window.present(".strips img.shown").await?;
    inspection.look(&window, "client").await?;
    window.click("Registrar sessão").await?;
    window.see("Evolução").await?;
    inspection.look(&window, "record").await?;
    window.click_at("aside header button").await?;
    window.click("Adicionar fotos").await?;
    window.see("Solte aqui os arquivos da câmera").await?;
    inspection.look(&window, "import").await?;
    window.click_at("aside header button").await?;
    window.click_at(".strips .edit").await?;
    window.see("Retirar foto").await?;
    inspection.look(&window, "photo").await?;
    window.click_at("aside header button").await?;
    window.click("Comparar").await?;
    window.present(".pane img.shown").await?;
    inspection.look(&window, "compare").await?;
    window.click("Uma por vez").await?;
    inspection.look(&window, "compare one").await?;
    window.click("Voltar à ficha").await?;
    window.go("Fotos").await?;
    inspection.look(&window, "photos").await?;
    window.go("Catálogo").await?;
    inspection.look(&window, "catalogue").await?;
    window.close().await?;
    inspection.end();
    Ok(())
}

#[tokio::test]
async fn the_office_has_no_violations() -> Result<()> {
    let programs = Programs::built()?;
    let mut clinic = Clinic::make(&programs, 60, 2)?;
    let mut inspection = Inspection::begin()?;
    let window = Window::at(&programs, &clinic, "office", "management").await?;
    window.sign_in("manager").await?;
    window.synced().await?;
    window.go("Desempenho").await?;
    window.see("Tempos por operação").await?;
    inspection.look(&window, "performance").await?;
    window.click("Ver Tempo de resposta em tabela").await?;
    inspection.look(&window, "performance as a table").await?;
    window.go("Sincronização").await?;
    window.see("Tudo está no servidor").await?;
    inspection.look(&window, "sync online").await?;
    clinic.stop_server();
    window.see("Sem conexão com o servidor").await?;
    let request = json!({ "name": "Vera Sem Rede", "social_name": null, "cpf": null, "phone": null, "email": null,
        "birth_date": null });
    window
        .call("client_register", json!({ "request": request }))
        .await?;
    window.see("Esperando recibo").await?;
    inspection.look(&window, "sync offline").await?;
    window.go("Ajustes").await?;
    inspection.look(&window, "settings").await?;
    window.click("English").await?;
    window.see("Settings").await?;
    inspection.look(&window, "settings in English").await?;
    window.close().await?;
    inspection.end();
    Ok(())
}
