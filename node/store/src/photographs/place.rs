//! Where photographs are kept: in the home, or in an S3-compatible store, as the configuration says.

use serde::{Deserialize, Serialize};

/// The table `[photographs]` of the configuration: an S3-compatible store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Bucket and, after it, what every name in it begins with: `s3://BUCKET/PREFIX`.
    pub url: String,
    /// The store's address, such as `https://s3.example.org:9000`; unless given, Amazon's of the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// A PEM file of the authority that signed the store's certificate; unless given, those that the
    /// machine trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<std::path::PathBuf>,
}

impl Bucket {
    /// The name of the bucket and the prefix, without slashes at its ends.
    fn parts(&self) -> Option<(&str, &str)> {
        let rest = self.url.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        let named = (3..=63).contains(&bucket.len()) && bucket.chars().all(fit);
        let clean = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '=');
        let prefix = prefix.trim_end_matches('/');
        let whole =
            prefix.is_empty() || prefix.split('/').all(|part| !matches!(part, "" | "." | ".."));
        (named && whole && prefix.chars().all(clean)).then_some((bucket, prefix))
    }

    /// The name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.parts().map_or("", |(bucket, _)| bucket)
    }

    /// What every name in it begins with; without slashes at its ends.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.parts().map_or("", |(_, prefix)| prefix)
    }

    /// Whether the store is on this machine, where nobody listens in between.
    #[must_use]
    pub fn on_loopback(&self) -> bool {
        let host = self.endpoint.as_deref().and_then(|endpoint| endpoint.parse::<http::Uri>().ok());
        let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What is wrong with it, each with its key and value.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if cfg!(not(feature = "s3")) {
            problems.push(
                "photographs: this program was built without S3-compatible stores; build it with \
                 `cargo build --release --features s3`, or take the table out"
                    .to_owned(),
            );
        }
        if self.parts().is_none() {
            problems.push(format!(
                "photographs.url = \"{}\"; expected s3://BUCKET or s3://BUCKET/PREFIX",
                self.url
            ));
        }
        if self.region.is_empty() {
            problems.push("photographs.region = \"\"; expected such as \"us-gov-west-1\"".into());
        }
        if let Some(endpoint) = &self.endpoint {
            let uri = endpoint.parse::<http::Uri>().ok();
            let uri = uri.filter(|uri| uri.host().is_some() && matches!(uri.path(), "" | "/"));
            let scheme = uri.as_ref().and_then(http::Uri::scheme_str);
            if scheme == Some("http") && !self.on_loopback() {
                problems.push(format!(
                    "photographs.endpoint = \"{endpoint}\" would carry photographs in the clear; expected https://"
                ));
            } else if !matches!(scheme, Some("http" | "https")) {
                problems.push(format!(
                    "photographs.endpoint = \"{endpoint}\"; expected such as \"https://s3.example.org:9000\""
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(url: &str, endpoint: Option<&str>) -> Bucket {
        let endpoint = endpoint.map(str::to_owned);
        Bucket { url: url.into(), endpoint, region: "us-gov-west-1".into(), authority: None }
    }

    /// What is wrong, but for what the program was built without.
    fn wrong(bucket: &Bucket) -> Vec<String> {
        let problems = bucket.problems().into_iter();
        problems.filter(|problem| !problem.contains("built without")).collect()
    }

    #[test]
    fn a_bucket_is_named_with_what_its_names_begin_with() {
        for (url, name, prefix) in [
            ("s3://alpr-photographs", "alpr-photographs", ""),
            ("s3://alpr-photographs/", "alpr-photographs", ""),
            ("s3://alpr/port/2026/", "alpr", "port/2026"),
        ] {
            let bucket = bucket(url, None);
            assert_eq!(wrong(&bucket), Vec::<String>::new());
            assert_eq!((bucket.bucket(), bucket.prefix()), (name, prefix));
        }
        for url in [
            "",
            "alpr",
            "https://alpr",
            "s3://",
            "s3://A",
            "s3://a b c",
            "s3://alpr/../x",
            "s3://alpr/a//b",
        ] {
            let said = wrong(&bucket(url, None));
            assert_eq!(said.len(), 1, "{url}: {said:?}");
            assert!(said.concat().contains(&format!("photographs.url = \"{url}\"")), "{said:?}");
        }
    }

    #[test]
    fn photographs_leave_the_machine_encrypted_or_not_at_all() {
        for endpoint in [
            "https://s3.example.org:9000",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost:1",
        ] {
            assert_eq!(wrong(&bucket("s3://alpr", Some(endpoint))), Vec::<String>::new());
        }
        for (endpoint, why) in [
            ("http://s3.example.org:9000", "in the clear"),
            ("http://127.0.0.1.example.org", "in the clear"),
            ("s3.example.org", "expected such as"),
            ("https://s3.example.org/bucket", "expected such as"),
        ] {
            let said = wrong(&bucket("s3://alpr", Some(endpoint))).concat();
            assert!(said.contains(why), "{endpoint}: {said}");
        }
    }
}
