//! In what an answer says of how far it goes, it is otherwise than the decision.

use schemas::answer::{Cut, Released};

/// What of it, in a sentence; `None` where they are the same.
pub(super) fn otherwise(opened: &Released, decided: &Released) -> Option<String> {
    if opened == decided {
        return None;
    }
    let period = |released: &Released| (released.from, released.until, released.limit);
    if period(opened) != period(decided) {
        let told = |of: &Released| format!("{} until {}, at most {}", of.from, of.until, of.limit);
        return Some(format!("it opens {}; the decision {}", told(opened), told(decided)));
    }
    if opened.images != decided.images {
        let what = if opened.images { "photographs" } else { "no photographs" };
        return Some(format!("it opens {what}, the decision does otherwise"));
    }
    let (said, is) = (named(&opened.cuts), named(&decided.cuts));
    Some(if said == is {
        format!("it says in other words why it is less in {said}")
    } else {
        format!("it says that it is less in {said}; the decision in {is}")
    })
}

fn named(cuts: &[Cut]) -> String {
    let one = |cut: &Cut| {
        let sections: Vec<_> = cut.citations.iter().map(ToString::to_string).collect();
        format!("`{}` ({})", cut.what, sections.join(", "))
    };
    match cuts {
        [] => "nothing".into(),
        cuts => cuts.iter().map(one).collect::<Vec<_>>().join(" and "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::answer::Less;
    use schemas::refusal::Citation;

    fn released() -> Released {
        Released {
            from: "2026-01-01T00:00:00Z".parse().unwrap(),
            until: "2026-02-01T00:00:00Z".parse().unwrap(),
            limit: 10,
            images: false,
            cuts: vec![Cut {
                what: Less::Limit,
                message: "few".into(),
                citations: vec![Citation::new("Policy", "4.1")],
            }],
        }
    }

    #[test]
    fn whatever_differs_is_named() {
        type Change = fn(&mut Released);
        let table: [(Change, &str); 7] = [
            (|of| of.from = of.until, "it opens 2026-02-01"),
            (|of| of.until = of.from, "until 2026-01-01"),
            (|of| of.limit = 11, "at most 11; the decision"),
            (|of| of.images = true, "it opens photographs"),
            (|of| of.cuts.clear(), "less in nothing; the decision in `limit` (Policy 4.1)"),
            (|of| of.cuts[0].what = Less::Until, "less in `until` (Policy 4.1); the decision"),
            (|of| of.cuts[0].message = "else".into(), "in other words why it is less in `limit`"),
        ];
        for (change, says) in table {
            let mut opened = released();
            change(&mut opened);
            let what = otherwise(&opened, &released()).unwrap();
            assert!(what.contains(says), "{what}");
        }
        assert_eq!(otherwise(&released(), &released()), None);
    }
}
