//! Desempenho: what the manager reads, does to the caches, and takes away as files.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use system_tests::{Clinic, Programs, Window};

/// How many entries a cache has.
async fn entries(window: &Window, cache: &str) -> Result<f64> {
    let view = window
        .call("performance_read", json!({ "range": "hour" }))
        .await?;
    let caches = view["caches"].as_array().cloned().unwrap_or_default();
    let found = caches.iter().find(|found| found["name"] == cache);
    found
        .and_then(|cache| cache["entries"].as_f64())
        .with_context(|| format!("no cache {cache}"))
}

/// Exports in a format and gives the file that the app says it has written.
async fn export(window: &Window, format: &str, extension: &str) -> Result<PathBuf> {
    window.click("Exportar").await?;
    window.click(format).await?;
    window
        .until("where the export is", async |window| {
            let said = window.texts(".toast").await?;
            let paths = said.iter().filter_map(|line| {
                let path = line.split("Salvo em ").nth(1)?.rsplit_once(" (")?.0;
                Some(PathBuf::from(path))
            });
            Ok(paths
                .into_iter()
                .find(|path| path.extension().is_some_and(|found| found == extension)))
        })
        .await
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[tokio::test]
async fn the_manager_reads_real_figures_empties_and_fills_a_cache_and_exports() -> Result<()> {
    let programs = Programs::built()?;
    let clinic = Clinic::make(&programs, 60, 2)?;
    let window = Window::at(&programs, &clinic, "office", "management").await?;
    window.sign_in("manager").await?;
    window.go("Pacientes").await?;
    let page = window
        .call("clients_page", json!({ "after": null }))
        .await?;
    for client in page["clients"].as_array().unwrap().iter().take(5) {
        window
            .call("client_profile", json!({ "id": client["id"] }))
            .await?;
    }
    window.go("Desempenho").await?;
    window.see("Tempos por operação").await?;
    // A second is measured when it is over.
    window
        .until("the five profiles among the commands", async |window| {
            let view = window
                .call("performance_read", json!({ "range": "hour" }))
                .await?;
            let measured = view["series"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|series| {
                    let command = series["area"] == "command" && series["name"] == "client_profile";
                    command && series["count"].as_f64().is_some_and(|count| count >= 5.0)
                });
            Ok(measured.then_some(()))
        })
        .await?;
    window
        .until("the command in the table", async |window| {
            let rows = window.texts("tbody tr").await?;
            Ok(rows
                .iter()
                .any(|row| row.replace(' ', "").starts_with("client_profilecomando"))
                .then_some(()))
        })
        .await?;

    assert!(entries(&window, "client_profiles").await? >= 5.0);
    window.click("Limpar cache Fichas").await?;
    window.see("Cache Fichas limpo").await?;
    assert_eq!(entries(&window, "client_profiles").await?, 0.0);
    window.click("Aquecer cache Fichas").await?;
    window.see("Cache Fichas aquecido").await?;
    window
        .until("profiles in the cache", async |window| {
            Ok((entries(window, "client_profiles").await? > 0.0).then_some(()))
        })
        .await?;

    let csv = read(&export(&window, "CSV", "csv").await?)?;
    let measured = csv
        .lines()
        .find(|line| line.starts_with("comando;client_profile;"))
        .with_context(|| format!("the CSV leaves the profiles out: {csv}"))?;
    let fields: Vec<&str> = measured.trim_end().split(';').collect();
    assert!(
        fields.len() == 8 && fields[2].parse::<u32>()? >= 5,
        "{measured}"
    );
    let document: Value = serde_json::from_str(&read(&export(&window, "JSON", "json").await?)?)?;
    assert!(document.to_string().contains("client_profile"));
    let report = read(&export(&window, "Relatório", "html").await?)?;
    assert!(report.contains("<svg") && report.trim_end().ends_with("</html>"));
    window.close().await
}
