//! A window as others have it: narrower, on paper, by night, elsewhere on earth, without scripts.

use serde_json::json;

use super::Browser;

/// How wide the printed part of letter paper is, in pixels: 215.9 mm without margins of 14.
pub const PAPER: u32 = 710;

impl Browser {
    /// Makes the window this wide.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn width(&self, width: u32) {
        let wanted = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        } });
        self.of_session("POST", "/goog/cdp/execute", wanted).await.expect("a window so wide");
    }

    /// As the page looks on paper, so wide as its printed part is; and again as on the screen.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn paper(&self, paper: bool) {
        let media = if paper { "print" } else { "" };
        let wanted = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "media": media } });
        self.of_session("POST", "/goog/cdp/execute", wanted).await.expect("another medium");
        self.width(if paper { PAPER } else { 1200 }).await;
    }

    /// Colours of the night, or of the day.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn night(&self, night: bool) {
        let value = if night { "dark" } else { "light" };
        let wanted = json!({ "cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{ "name": "prefers-color-scheme", "value": value }],
        } });
        self.of_session("POST", "/goog/cdp/execute", wanted).await.expect("other colours");
    }

    /// Where on earth the browser is, by the name of its zone.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn zone(&self, name: &str) {
        let wanted =
            json!({ "cmd": "Emulation.setTimezoneOverride", "params": { "timezoneId": name } });
        self.of_session("POST", "/goog/cdp/execute", wanted).await.expect("another zone");
    }

    /// Whether pages may run scripts from now on.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn scripts(&self, run: bool) {
        let wanted =
            json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": { "value": !run } });
        self.of_session("POST", "/goog/cdp/execute", wanted).await.expect("scripts or none");
    }
}
