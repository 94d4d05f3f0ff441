//! Every command, one after the other, where nobody is signed in.

use std::collections::BTreeSet;

use tests::command_line::{CliAgency, CommandOutput, accord_at};

/// Commands that take no session, and why.
const NEED_NONE: [(&str, &str); 31] = [
    ("agreement draft", "writes a text from a template; nothing is asked of the node"),
    ("audit heads", "holds files against each other"),
    ("card show", "shows the card that lies in the home, for its owner"),
    ("certificate install", "by whoever owns the home's files"),
    ("certificate renew", "by whoever owns the home's files"),
    ("certificate request", "by whoever owns the home's files"),
    ("certificate show", "by whoever owns the home's files"),
    ("clock accept", "whoever says so proves who she is in the same request"),
    ("conformance", "speaks to another implementation, not to the node"),
    ("demo", "makes nodes of its own"),
    ("doctor", "whether and how the node serves, for whoever operates it and for timers"),
    ("generate completion", "writes what shells complete by; nothing is asked of the node"),
    ("generate man", "writes the help of each command; nothing is asked of the node"),
    ("generate openapi", "writes the document of the API, which is the same for every node"),
    ("health", "whether the node serves, for scripts"),
    ("init", "makes the home"),
    ("login", "by this people sign in"),
    ("policy check", "looks at a file"),
    ("policy diff", "holds texts against each other"),
    ("policy offenses", "shows the list that comes with the program"),
    ("policy template", "writes a text to fill in; nothing is asked of the node"),
    ("reads mapping", "shows what mappings come with the program and what one may say"),
    ("restore", "by whoever owns the home's files, with no node running"),
    ("run", "starts the node"),
    ("store move", "by whoever owns the home's files, with no node running"),
    ("transfer", "a field unit, by the token of its source"),
    ("user recover", "at the machine, with no node running; the next start records it"),
    // Of these a part takes files and no node.
    ("audit verify FILE", "checks a file"),
    ("audit reconcile BUNDLE BUNDLE", "holds files against each other"),
    ("policy show --agency ID", "shows a policy that comes with the program"),
    ("--help", "asks nothing"),
];

/// Every other command, as it could be typed; a capital letter alone stands for a file, an id or a
/// digest.
const OTHERS: &str = "
waiting
query list
query show Q
query releases
query release 00112233445566778899aabbccddeeff --reason r
query --to port-ca-pd --plate 7ABC123 --purpose stolen_vehicle --reason r
case use 1 --purpose stolen_vehicle --reason r
case show
case end
reads import F
reads correct D --plate 7ABC123 --reason r
reads search --plate 7ABC123 --purpose stolen_vehicle --reason r
reads versions D
reads stats
source add gate-1 --format native
source list
source token gate-1
source disable gate-1 --reason r
source withdraw gate-1 --reason r
program add cad-1 --scope ask --until 2027-01-01T00:00:00Z
program list
program token cad-1
program certificate cad-1 E
program revoke cad-1 --reason r
program try cad-1
user add n.one --full-name N --role sworn
user list
user train admin --on 2026-01-01
user clear admin --on 2026-01-01
user disable admin
user enable admin
user review admin
user suspend x --entry 1 --reason r
user attest admin --until 2027-01-01T00:00:00Z
user delegate admin --title T --from 2026-01-01T00:00:00Z --until 2026-01-02T00:00:00Z
user undelegate admin --title T
user enrol admin --identified x
user unlock admin
user stop-now admin --reason r
user proposals
user confirm 1
user decline 1 --reason r
user countersign admin --reason r
night-desk seat admin --until 2027-01-01T00:00:00Z
night-desk end admin
night-desk card admin --identified x
device add mdt-12 --class vehicle --certificate E
device list
device revoke mdt-12 --reason r
logout
session
authenticator list
authenticator card
authenticator revoke 00ff00ff00ff00ff --reason r
card reissue --contact x
card add C --fingerprint P --verified-by x
card list
card block port-ca-pd --reason r
card extend-receipts port-ca-pd --until 2027-01-01T00:00:00Z --reason r
card unblock port-ca-pd --reason r
key rotate message
agreement propose A
agreement sign plates --digest D
agreement list
agreement show plates
agreement import F
agreement decline plates --reason r
agreement suspend plates --reason r
agreement resume plates --reason r
agreement withdraw plates --reason r
request submit --after-refusal Q
request list
request show req-1
request approve req-1 --reason r
request deny req-1 --reason r
request withdraw req-1
request record --from-body x --kind subpoena
request close req-1 --outcome released --reason r
policy show
policy show --peer port-ca-pd
policy explain --owner port-ca-pd --plate 7ABC123 --purpose stolen_vehicle --reason r
policy page
policy adopt F
audit log
audit plate 7ABC123
audit user mreyes
audit show 1
audit envelope 1
audit alarms
audit resolve 1 --reason r
audit explain --peer port-ca-pd --class differs --query Q --reason r
audit verify
audit export --out O
audit proof 1 --out O
audit report --kind access
audit incident --of-user admin
audit told --of-user admin --to x --how y
audit release page --digest D
audit withdraw page --reason r
audit open --occasion o
audit close 1
audit list-open
audit sample --count 1 --seed s
audit record --finding f
audit reconcile --peer port-ca-pd
hold add --reason r --case 1
hold list
hold release 1 --reason r
evidence export --case 1 --out O
evidence booked 1 --number N
duty list
duty record policy_posted --how x
retention status
retention run
backup --out O
";

/// The commands below `path`, as the program lists them.
fn listed(agency: &CliAgency, path: &[String], into: &mut Vec<String>) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = agency.desk().command_of_nobody(&args).output().expect("a process");
    let help = CommandOutput::from(help).out;
    // Those of the program itself stand in groups.
    let (begin, end) =
        if path.is_empty() { ("\nUsage:", "\nOptions:") } else { ("\nCommands:\n", "\n\n") };
    let Some((_, commands)) = help.split_once(begin) else {
        return into.push(path.join(" "));
    };
    let lines = commands.split(end).next().unwrap_or_default().lines();
    // A word that stands deeper is a description that goes on.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for name in names.filter(|name| !name.is_empty() && *name != "help") {
        listed(agency, &[path, &[name.to_owned()]].concat(), into);
    }
}

#[test]
fn nothing_is_done_where_nobody_is_signed_in_but_what_is_listed_with_its_reason() {
    let mut agency = CliAgency::init("asking-ca-pd");
    agency.start();
    let (draft, home) = (agency.file("draft.toml"), agency.home());
    let drafts = ["--party", "asking-ca-pd", "--party", "port-ca-pd", "--out", &draft];
    accord_at(&home, &[&["agreement", "draft", "--template", "lasd"], &drafts[..]].concat()).done();
    let (file, card) = (agency.file("file"), home.join("card.json").display().to_string());
    std::fs::write(&file, "{}").expect("a file");
    let certificate = home.join("tls").join("cert.pem").display().to_string();
    let (digest, query) = ("a".repeat(64), "b".repeat(32));
    let fingerprint = vec!["0000"; 16].join("-");
    let out = agency.file("out");
    let size = agency.accord_as("admin", &["doctor"]).check("log").1;
    let mut tried = BTreeSet::new();
    for row in OTHERS.lines().filter(|row| !row.is_empty()) {
        let args: Vec<&str> = row
            .split(' ')
            .map(|word| match word {
                "A" => &draft,
                "C" => &card,
                "D" => &digest,
                "E" => &certificate,
                "F" => &file,
                "O" => &out,
                "P" => &fingerprint,
                "Q" => &query,
                word => word,
            })
            .collect();
        let ended = accord_at(&home, &args);
        assert_eq!(ended.only_error(1)["code"], "not_signed_in", "{row}: {ended:?}");
        assert!(ended.err.contains("`accord login"), "{row}: {ended:?}");
        tried.insert(row.to_owned());
    }
    assert!(!std::path::Path::new(&out).exists(), "nothing was written");
    assert_eq!(agency.accord_as("admin", &["doctor"]).check("log").1, size, "nor logged");
    let mut commands = Vec::new();
    listed(&agency, &[], &mut commands);
    assert!(commands.len() > 80, "{commands:?}");
    for command in commands {
        let typed = |row: &String| *row == command || row.starts_with(&format!("{command} "));
        let listed = NEED_NONE.iter().any(|(none, why)| *none == command && !why.is_empty());
        assert!(listed != tried.iter().any(typed), "{command}");
    }
    assert_eq!(agency.stop(), 0);
}
