//! `photo://localhost/<id>?w=<pixels>`: the only way pixels reach the interface.

use engine::{AppError, Engine};
use tauri::UriSchemeResponder;
use tauri::http::{Request, Response, StatusCode, header};

/// Answers one picture request off the main thread. While the console is locked nothing answers with pixels.
pub(crate) fn answer(engine: Engine, request: &Request<Vec<u8>>, responder: UriSchemeResponder) {
    let wanted = wanted(request.uri());
    tauri::async_runtime::spawn_blocking(move || {
        let answer = match wanted {
            Some((id, width)) => {
                engine.measured("photo_bytes", |engine| engine.photo_bytes(&id, width))
            }
            None => Err(AppError::invalid("photo address")),
        };
        let response = match answer {
            Ok(picture) => respond(StatusCode::OK, picture.media_type, picture.bytes),
            Err(error) => respond(status_of(&error), "text/plain", error.code.into_bytes()),
        };
        responder.respond(response);
    });
}

/// Photo id and width in device pixels.
fn wanted(uri: &tauri::http::Uri) -> Option<(String, u32)> {
    let id = uri.path().trim_matches('/');
    let width = uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("w="))?
        .parse()
        .ok()?;
    (!id.is_empty() && id.len() <= 40).then(|| (id.to_owned(), width))
}

fn status_of(error: &AppError) -> StatusCode {
    match error.code.as_str() {
        "locked" => StatusCode::UNAUTHORIZED,
        "not_allowed" => StatusCode::FORBIDDEN,
        "not_found" => StatusCode::NOT_FOUND,
        "invalid" => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn respond(status: StatusCode, media_type: &str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(value) = header::HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_id_or_width_is_refused() {
        let parse = |address: &str| wanted(&address.parse().unwrap());
        assert_eq!(
            parse("photo://localhost/abc?w=320"),
            Some(("abc".to_owned(), 320))
        );
        assert_eq!(
            parse("photo://localhost/abc?v=2&w=640"),
            Some(("abc".to_owned(), 640))
        );
        for wrong in [
            "photo://localhost/abc",
            "photo://localhost/?w=3",
            "photo://localhost/abc?w=-1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
