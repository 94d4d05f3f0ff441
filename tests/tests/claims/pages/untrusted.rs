//! A browser that does not trust the node's certificate: what people read, and that no key is taken after the
//! warning, in a real one.

use tests::agency::{Agency, Plan};
use tests::browser::{Browser, NAMED};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_trust_the_certificate_says_so_and_takes_no_key_after_that() {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    agency.stop().await;
    let settings = agency.home().join("accord.toml");
    let text = std::fs::read_to_string(&settings).expect("the configuration");
    let named = text.replace("https://localhost:", &format!("https://{NAMED}:"));
    std::fs::write(&settings, named).expect("the configuration");
    agency.run().await;
    let origin = agency.node().app.config.origin.clone().expect("pages").to_string();
    let browser = Browser::open(false).await;
    // Whether the driver calls that a fault depends on its version; the page is the same.
    drop(browser.go(&origin).await);
    let said = browser.reads("ERR_CERT_AUTHORITY_INVALID").await;
    // What the documents tell people to do about it stands there in the browser's own words.
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pages.md");
    let documents = std::fs::read_to_string(documents).expect("the page on pages");
    for words in ["Your connection is not private", "ERR_CERT_AUTHORITY_INVALID"] {
        assert!(said.contains(words) && documents.contains(words), "{words}: {said}");
    }
    // Somebody clicks it away all the same.
    browser.press("#details-button").await;
    browser.press("#proceed-link").await;
    browser.reads("restricted system").await;
    browser.press("form[action='/sign-in/key'] button").await;
    let said = browser.reads("it takes no key here: tell an administrator").await;
    assert!(said.contains("warned you of this site's certificate"), "{said}");
}
