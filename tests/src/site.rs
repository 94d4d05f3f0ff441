//! A site of pages as whoever sends requests by hand sees it, without a browser.

use crate::agency::{Agency, Plan};
use crate::fixtures::OFFICER;
use crate::https::{address, pin};
use crate::signing_in::{Person, administrator, enrolled};
use crate::wait::within;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use node::http::pinned::Pinned;

/// A response as a browser sees it.
#[derive(Debug)]
pub struct Seen {
    /// Its status.
    pub status: u16,
    /// A cookie that it sets.
    pub cookie: Option<String>,
    /// Where it sends the browser on to.
    pub location: Option<String>,
    /// What the page may do.
    pub policy: String,
    /// What the browser may keep of it.
    pub kept: String,
    /// The page.
    pub body: String,
}

/// The pages of an agency, and the session of whoever looks.
pub struct Site<'a> {
    agency: &'a Agency,
    origin: String,
    /// The cookie of the session.
    pub cookie: Option<String>,
}

impl<'a> Site<'a> {
    /// Nobody's yet.
    ///
    /// # Panics
    /// When the agency has no pages.
    #[must_use]
    pub fn of(agency: &'a Agency) -> Self {
        let origin = agency.node().app.config.origin.clone().expect("pages").to_string();
        Self { agency, origin, cookie: None }
    }

    /// A request of a page of `origin`, with a form if there is one.
    ///
    /// # Panics
    /// When nothing comes.
    pub async fn call(&self, path: &str, origin: Option<&str>, form: Option<&str>) -> Seen {
        let at = format!("https://{}", address(self.agency));
        let client = Pinned::at(&at, pin(self.agency)).expect("a client");
        let method = if form.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(path);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let body = Full::new(Bytes::from(form.unwrap_or_default().to_owned()));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .expect("a request");
        let response = within("a response", client.send(request)).await.expect("a response");
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let (status, cookie) = (response.status().as_u16(), header("set-cookie"));
        let (location, policy) = (header("location"), header("content-security-policy"));
        let kept = header("cache-control").unwrap_or_default();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Seen { status, cookie, location, policy: policy.unwrap_or_default(), kept, body }
    }

    /// Opens an address.
    pub async fn get(&self, path: &str) -> Seen {
        self.call(path, None, None).await
    }

    /// Sends a form of a page of this site.
    pub async fn post(&self, path: &str, form: &str) -> Seen {
        self.call(path, Some(&self.origin), Some(form)).await
    }

    /// Signs in.
    ///
    /// # Panics
    /// When that is refused, or the cookie is not bound as it has to be.
    pub async fn sign_in(&mut self, person: &Person) {
        let form = person.form(self.agency);
        let seen = self.post("/sign-in", &form).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        let cookie = seen.cookie.expect("a cookie");
        for part in ["__Host-accord=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
        self.cookie = cookie.split(';').next().map(str::to_owned);
    }

    /// The token that forms of this session carry.
    ///
    /// # Panics
    /// When nobody is signed in.
    pub async fn form_token(&self) -> String {
        let page = self.get("/").await.body;
        let after = page.split("name=\"form\" value=\"").nth(1).expect("a form");
        after.split('"').next().expect("a token").to_owned()
    }
}

/// An agency with pages, its administrator and its officer.
pub async fn agency_with_people() -> (Agency, Person, Person) {
    let mut agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let admin = administrator(&mut agency).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&agency, &agency.admin(), &officer, false).await;
    (agency, admin, officer)
}
