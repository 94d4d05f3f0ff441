//! Nothing that does not print stands in a document, wherever in it: people sign what they see.

use agreements::DocumentError;
use agreements::agreement::{Act, Adherence, Agreement, Notice, Person};
use agreements::policy::Policy;
use agreements::request::{Request, RequestScope, Ruling, Verdict, Withdrawal};
use agreements::template;
use schemas::agency::AgencyId;

use crate::fixtures;

type Read = fn(&str, &str) -> Result<(), DocumentError>;

/// A text of every kind, and how it is read.
fn kinds() -> Vec<(&'static str, String, Read)> {
    let [asking, owning]: [AgencyId; 2] =
        ["asking-ca-pd", "owning-ca-pd"].map(|id| id.parse().unwrap());
    let parties = vec![asking.clone(), owning.clone()];
    let recorded = fixtures::drafted("lasd", "asking-ca-pd/lasd-1", parties, &[]);
    let adherence = fixtures::adherence(&recorded, &asking, vec![owning.clone()]);
    let notice = Notice {
        agreement: recorded.agreement.id.clone(),
        version: 1,
        text: recorded.text,
        agency: asking.clone(),
        act: Act::Suspend,
        reason: "under review".parse().unwrap(),
        at: fixtures::now(),
        by: Person { user: "chief".parse().unwrap(), full_name: "A Chief".parse().unwrap() },
    };
    let scope = RequestScope { uses: Some(1), ..RequestScope::default() };
    let query = fixtures::query(&asking, &owning);
    let filed = fixtures::filed("asking-ca-pd/req-1", &query, scope.clone());
    let ruling = fixtures::ruling(&filed, Verdict::Denied, scope);
    let withdrawal = Withdrawal {
        request: filed.request.id.clone(),
        request_digest: filed.request_digest,
        at: fixtures::now(),
    };
    let policy = Policy::builtin_text("california-statute").unwrap().to_owned();
    vec![
        ("agreement", recorded.agreement.to_toml().unwrap(), |f, t| {
            Agreement::from_toml(f, t).map(drop)
        }),
        ("adherence", adherence.to_toml().unwrap(), |f, t| Adherence::from_toml(f, t).map(drop)),
        ("notice", notice.to_toml().unwrap(), |f, t| Notice::from_toml(f, t).map(drop)),
        ("request", filed.request.to_toml().unwrap(), |f, t| Request::from_toml(f, t).map(drop)),
        ("decision", ruling.to_toml().unwrap(), |f, t| Ruling::from_toml(f, t).map(drop)),
        ("withdrawal", withdrawal.to_toml().unwrap(), |f, t| Withdrawal::from_toml(f, t).map(drop)),
        ("policy", policy, |f, t| Policy::from_toml(f, t).map(drop)),
    ]
}

#[test]
fn what_does_not_print_is_refused_in_every_kind_wherever_it_stands() {
    for (kind, text, read) in kinds() {
        read(kind, &text).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let fine = format!("# plain, with a tab\there, and Š\n\n{text}\n# 車\n");
        read(kind, &fine).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let lines = text.lines().count();
        for hidden in
            ['\u{202E}', '\u{9B}', '\u{1B}', '\u{61C}', '\u{2066}', '\u{AD}', '\u{7}', '\0']
        {
            let number = format!("U+{:04X}", u32::from(hidden));
            let places = [
                (format!("# {hidden}\n{text}"), 1),
                (format!("{text}\n# the end {hidden}"), lines + 2),
                (format!("{hidden}{text}"), 1),
                (text.replacen(" = ", &format!(" ={hidden}"), 1), 1),
            ];
            for (spoilt, line) in places {
                let said = read(kind, &spoilt).unwrap_err().to_string();
                let place = format!("line {line}:");
                assert!(said.contains(&number), "{kind}: {said}");
                assert!(kind == "policy" || said.contains(&place), "{kind}: {place} in {said}");
            }
        }
        let windows = text.replace('\n', "\r\n");
        assert!(read(kind, &windows).unwrap_err().to_string().contains("U+000D"), "{kind}");
    }
}

#[test]
fn an_escape_that_stands_for_it_is_refused_too() {
    let (_, text, read) = kinds().remove(0);
    assert!(text.contains("number = \"1\""), "{text}");
    for escape in ["\\u001B", "\\u202E", "\\u009B", "\\e", "\\b"] {
        let in_a_value = text.replace("number = \"1\"", &format!("number = \"1{escape}\""));
        assert!(read("agreement", &in_a_value).is_err(), "{escape} in a value");
        let in_a_key = format!("\"{escape}\" = 1\n{text}");
        let said = read("agreement", &in_a_key).unwrap_err().to_string();
        assert_eq!(schemas::text::visible(&said), said, "{escape} in a key is not said as it is");
    }
    // What refusals cite stands on one line.
    for number in ["1\\n2", "1\\t2", "", " 1", &"1".repeat(41)] {
        let spoilt = text.replace("number = \"1\"", &format!("number = \"{number}\""));
        let said = read("agreement", &spoilt).unwrap_err().to_string();
        assert!(said.contains("`number`"), "{number}: {said}");
    }
    let names = template::NAMES.map(|name| template::builtin(name).unwrap());
    assert!(names.iter().all(|text| schemas::text::hidden_in_lines(text).is_none()));
}
