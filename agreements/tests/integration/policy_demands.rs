//! What the policies demand beside decisions, side by side: each demand is a value or a duty of the
//! policy at the section that makes it. What a decision shows is in the decision table.

use agreements::policy::Policy;

const INDIO: &str = "indio-ca-pd";
const PORT: &str = "los-angeles-ca-port-police";
const COVINA: &str = "west-covina-ca-pd";
const MONROVIA: &str = "monrovia-ca-pd";
const ESCONDIDO: &str = "escondido-ca-pd";

/// A demand; whose text makes it; in which section; by which value or duty it is met.
type Demand = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const DEMANDS: &[Demand] = &[
    (
        "approval kept on file",
        &[
            (INDIO, "461.7(c)", "duties"),
            (PORT, "462.7(d)", "duties"),
            (COVINA, "462.5(c)", "duties"),
            (MONROVIA, "463.6(c)", "duties"),
        ],
    ),
    (
        "retention of audit reports",
        &[
            (COVINA, "462.5(c)", "retention.audit_reports"),
            (ESCONDIDO, "V.C.1", "retention.audit_reports"),
        ],
    ),
    (
        "kept longer as evidence",
        &[
            (INDIO, "461.4", "duties"),
            (PORT, "462.4", "duties"),
            (MONROVIA, "463.8", "duties"),
            (ESCONDIDO, "V.A.1", "duties"),
        ],
    ),
    (
        "regular audits",
        &[
            (INDIO, "461.5(c)", "audits"),
            (PORT, "462.5(c)", "audits"),
            (COVINA, "462.5(e)", "audits"),
            (MONROVIA, "463.5(c)", "audits"),
        ],
    ),
    (
        "named administrator, custodian, designee",
        &[
            (INDIO, "461.2", "administration.administrator"),
            (INDIO, "461.2.1(f)", "administration.custodian"),
            (PORT, "462.2", "administration.administrator"),
            (COVINA, "462.2", "administration.administrator"),
            (MONROVIA, "463.4", "administration.administrator"),
            (ESCONDIDO, "IV.C.2", "administration.administrator"),
        ],
    ),
    (
        "CLETS and CJIS security in transit and at rest",
        &[
            (COVINA, "462.5(d)", "tracked.storage_encrypted"),
            (ESCONDIDO, "IV.C.1", "tracked.storage_encrypted"),
        ],
    ),
    (
        "login and password, or the username",
        &[
            (INDIO, "461.5(a)", "people.query.signed_in"),
            (INDIO, "461.5(a)", "people.peers.signed_in"),
            (PORT, "462.5(a)", "people.query.signed_in"),
            (PORT, "462.5(a)", "people.peers.signed_in"),
            (COVINA, "462.5(a)", "people.query.signed_in"),
            (COVINA, "462.5(a)", "people.peers.signed_in"),
            (MONROVIA, "463.5(b)3", "people.query.signed_in"),
        ],
    ),
    (
        "the criteria of other criminal justice data",
        &[(ESCONDIDO, "IV.C.1", "clearance"), (ESCONDIDO, "IV.C.1", "people.query.signed_in")],
    ),
    ("who manages access", &[(ESCONDIDO, "IV.C.2", "administration.access")]),
    ("course and trainer", &[(MONROVIA, "463.9", "training")]),
    (
        "booked into evidence",
        &[
            (INDIO, "461.4", "tracked.evidence_booked"),
            (PORT, "462.4", "tracked.evidence_booked"),
            (MONROVIA, "463.8", "tracked.evidence_booked"),
        ],
    ),
    (
        "breach",
        &[(INDIO, "461.5", "administration.breach"), (PORT, "462.5(c)", "administration.breach")],
    ),
    (
        "post the policy",
        &[
            (INDIO, "461.2.1(g)", "administration.posting"),
            (PORT, "462.2.1(g)", "administration.posting"),
            (INDIO, "461.2.1(g)", "tracked.policy_posted"),
            (PORT, "462.2.1(g)", "tracked.policy_posted"),
        ],
    ),
    ("record: two photographs, plate, date, time, place", &[(ESCONDIDO, "IV.C.3", "duties")]),
];

#[test]
fn each_demand_beside_decisions_is_a_value_or_a_duty_at_its_section() {
    for (demand, made_by) in DEMANDS {
        for (agency, section, key) in *made_by {
            let policy = Policy::from_toml(agency, Policy::builtin_text(agency).unwrap()).unwrap();
            let met = policy.values().into_iter().any(|(of, value)| {
                let mut places = value.sections().iter();
                of == *key && places.any(|at| at.of.is_none() && at.section == *section)
            });
            assert!(met, "{demand}: no `{key}` of `{agency}` cites {section}");
        }
    }
}

#[test]
fn a_demand_at_a_section_that_makes_none_is_missed() {
    let policy = Policy::from_toml(INDIO, Policy::builtin_text(INDIO).unwrap()).unwrap();
    let cited = |section: &str| {
        policy.values().iter().any(|(_, v)| v.sections().iter().any(|at| at.section == section))
    };
    assert!(cited("461.5(c)") && !cited("461.9"));
}
