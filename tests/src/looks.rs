//! Pages as people meet them: signing in to one, and whether it can be read.

use std::path::Path;

use crate::agency::Agency;
use crate::browser::Browser;
use crate::signing_in::Person;

/// The origin of an agency's pages.
///
/// # Panics
/// When it has none.
#[must_use]
pub fn origin(agency: &Agency) -> String {
    agency.node().app.config.origin.clone().expect("pages").to_string()
}

/// Keeps a file where whoever runs the tests asks for what they see, with `ACCORD_PICTURES`.
///
/// # Panics
/// When it cannot be written.
pub fn keep_file(name: &str, content: &[u8]) {
    let Some(folder) = std::env::var_os("ACCORD_PICTURES") else { return };
    let name = name.replace('/', " ");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(Path::new(&folder).join(name), content).expect("a file");
}

/// Keeps a picture of a page.
pub async fn keep(browser: &Browser, name: &str) {
    if std::env::var_os("ACCORD_PICTURES").is_some() {
        keep_file(&format!("{name}.png"), &browser.picture().await);
    }
}

/// How wide the page is that is shown, in pixels of its own.
async fn wide(browser: &Browser) -> Option<u64> {
    browser.run("return document.documentElement.scrollWidth").await.as_u64()
}

/// Nothing on the page is wider than the window, on a telephone and at 200 %; every field has a label and
/// every page a heading; and axe-core finds nothing that keeps people out, by day and by night.
///
/// # Panics
/// When one of them is not so.
pub async fn is_readable(browser: &Browser, name: &str) {
    browser.width(320).await;
    assert!(wide(browser).await <= Some(320), "{name} at 320 px: {:?}", wide(browser).await);
    // Half as wide is what a window of 1200 shows at 200 %.
    browser.width(600).await;
    assert!(wide(browser).await <= Some(600), "{name} at 200 %: {:?}", wide(browser).await);
    browser.width(1200).await;
    let unlabelled = browser
        .run("return [...document.querySelectorAll('input:not([type=hidden]),select,textarea:not([hidden])')].filter(e => e.labels.length == 0).map(e => e.name)")
        .await;
    assert_eq!(unlabelled, serde_json::json!([]), "{name}");
    let headings = browser.run("return document.querySelectorAll('h1').length").await;
    assert_eq!(headings, 1, "{name}");
    let ids = browser
        .run("const all = [...document.querySelectorAll('[id]')].map(e => e.id); return all.filter((id, n) => all.indexOf(id) != n)")
        .await;
    assert_eq!(ids, serde_json::json!([]), "{name}");
    browser.night(true).await;
    assert_eq!(browser.barriers().await, Vec::<String>::new(), "{name} by night");
    keep(browser, &format!("{name}, night")).await;
    browser.night(false).await;
    assert_eq!(browser.barriers().await, Vec::<String>::new(), "{name}");
    keep(browser, name).await;
}

/// Nothing of the page is wider than the paper on which it is printed: letter, with the margins of pages.
///
/// # Panics
/// When something is.
pub async fn fits_on_paper(browser: &Browser, name: &str) {
    browser.paper(true).await;
    let wide = wide(browser).await;
    let over = browser
        .run(
            "return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
                .map(e => e.outerHTML.slice(0, 200)).slice(-3)",
        )
        .await;
    browser.paper(false).await;
    assert!(wide <= Some(crate::browser::PAPER.into()), "{name} on paper: {wide:?} {over}");
}

/// Signs in with a password and a code, as far as the first page.
///
/// # Panics
/// When that is not reached.
pub async fn sign_in(browser: &Browser, agency: &Agency, person: &Person) {
    browser.go(&origin(agency)).await.expect("the first page");
    browser.reads("restricted system").await;
    browser.fill("#user", person.user.as_str()).await;
    browser.fill("#password", &person.password).await;
    let code = person.attempt(agency, agency.now()).code;
    browser.fill("#code", &code).await;
    browser.press("form[action='/sign-in'] button").await;
    browser.reads("You are signed in").await;
    browser.press("a.button").await;
    browser.reads("What waits for you").await;
}
