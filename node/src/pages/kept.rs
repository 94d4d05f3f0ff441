//! What somebody had filled in when her session was over: it goes with the sign-in and is sent once she has
//! signed in and says so. To whoever else signs in there it is not offered. Nothing that proves who she is is
//! kept.

use maud::{Markup, html};
use schemas::query::UserName;

use super::PAGES;
use super::fields::{FORM_OF, Fields};
use crate::http::access::Access;

/// What is of the session that is over, or proves who somebody is.
const NOT_KEPT: [&str; 8] =
    ["form", FORM_OF, "password", "challenge", "credential", "kept", "kept_at", "kept_of"];

/// A form that was sent when its session was over.
#[derive(Default)]
pub(super) struct Kept {
    /// The page that takes it.
    at: String,
    /// Its fields, as browsers encode them.
    fields: String,
    /// Who filled it in.
    of: String,
}

impl Kept {
    /// A form that was sent to `at`.
    pub(super) fn sent(at: &str, fields: &Fields) -> Self {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(fields.but(&NOT_KEPT));
        Self::checked(at, encoded.finish(), fields.get(FORM_OF))
    }

    /// As a sign-in brings it along.
    pub(super) fn brought(fields: &Fields) -> Self {
        Self::checked(fields.get("kept_at"), fields.get("kept").to_owned(), fields.get("kept_of"))
    }

    /// Nothing, where no page takes such a form from somebody who is signed in.
    fn checked(at: &str, fields: String, of: &str) -> Self {
        let takes = PAGES.iter().any(|page| {
            page.method == "post" && page.path == at && !matches!(page.access, Access::Nobody(_))
        });
        if takes { Self { at: at.to_owned(), fields, of: of.to_owned() } } else { Self::default() }
    }

    fn is_there(&self) -> bool {
        !self.at.is_empty()
    }

    /// Beside the fields of a sign-in.
    pub(super) fn carried(&self) -> Markup {
        html! {
            @if self.is_there() {
                input type="hidden" name="kept_at" value=(self.at);
                input type="hidden" name="kept" value=(self.fields);
                input type="hidden" name="kept_of" value=(self.of);
            }
        }
    }

    /// The way on with it, in a session of `user` whose forms carry `token`; none for who did not fill it in.
    pub(super) fn offered(&self, token: &str, user: &UserName) -> Markup {
        html! {
            @if self.is_there() && self.of == user.as_str() {
                p { "What you had filled in when your session ended is kept until you leave this page." }
                form method="post" action=(self.at) {
                    input type="hidden" name="form" value=(token);
                    input type="hidden" name=(FORM_OF) value=(user);
                    @for (name, value) in form_urlencoded::parse(self.fields.as_bytes()) {
                        input type="hidden" name=(name) value=(value);
                    }
                    p.acts { button.first type="submit" { "Send what I had filled in" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_page_takes_is_kept_and_nothing_that_proves_who_somebody_is() {
        let fields = Fields::filled([
            ("plate", "7ABC123 & <b>".to_owned()),
            ("password", "four words here now".to_owned()),
            ("form", "token".to_owned()),
            ("form_of", "m.reyes".to_owned()),
        ]);
        let carried = Kept::sent("/search", &fields).carried().into_string();
        assert!(carried.contains("plate=7ABC123") && !carried.contains("four"), "{carried}");
        let kept = Kept::sent("/search", &fields);
        let offered = |user: &str| kept.offered("new", &user.parse().unwrap()).into_string();
        assert_eq!(offered("j.doe"), "", "who signs in at the same desk is not handed it");
        let offered = offered("m.reyes");
        assert!(offered.contains("7ABC123 &amp; &lt;b&gt;"), "{offered}");
        for at in ["/sign-in", "https://evil.example/", "/nowhere", ""] {
            assert_eq!(Kept::sent(at, &fields).carried().into_string(), "", "{at}");
        }
    }
}
