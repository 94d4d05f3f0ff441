//! Names and reasons as people really have them, and as nobody should: of two hundred characters without a
//! space, from right to left, of letters with a dozen marks, of pictures. Each page, by a table: no scrolling
//! sideways on a telephone, at 200 % or on paper, nothing that keeps people out, and each such text by itself
//! in its direction.

use agreements::request::RequestScope;
use ingest::ImportedRead;
use node::admin::requests::{Submission, submit};
use schemas::entry::EntryKind as Kind;
use schemas::purpose::Purpose;
use schemas::text::Text;
use tests::agency::{Agency, Plan};
use tests::browser::Browser;
use tests::federation::{in_force_with, introduce};
use tests::fixtures::{PLATE, draft, reads, words};
use tests::looks::{fits_on_paper, is_readable, keep_file, origin, sign_in};
use tests::officials::add_supervisor;
use tests::signing_in::{Person, administrator, enrolled};

/// What every name and reason of a world is.
struct World {
    name: &'static str,
    /// A person's, with what she is.
    person: String,
    title: String,
    case: String,
    reason: String,
    camera: String,
}

fn long() -> World {
    let word = |letter: char| letter.to_string().repeat(200);
    World {
        name: "long",
        person: word('W'),
        title: word('M'),
        case: word('C'),
        reason: format!("vehicle reported stolen, suspect fled north {}", word('R')),
        camera: word('K'),
    }
}

fn right_to_left() -> World {
    World {
        name: "right to left",
        person: "שרה כהן (בלשית) 7".into(),
        title: "رقيب أول (المرور) 12".into(),
        case: "تيق-26/00417".into(),
        reason: "רכב גנוב נראה צפונה, vehicle reported stolen, suspect fled north 🚓🚨 Z\u{31b}\u{327}\u{323}\u{302}\u{309}\u{30a}\u{30c}a\u{300}\u{316}\u{34e}lgo".into(),
        camera: "كاميرا ١٢ — שער צפון".into(),
    }
}

/// An owner with pages in that world, who was asked, asks and has it all on its pages; its administrator, and
/// the peer.
async fn made(world: &World) -> (Agency, Agency, Person, Person) {
    let mut own = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let peer = Agency::of(Plan::of("asking-ca-pd")).await;
    let admin = administrator(&mut own).await;
    let camera = words(&world.camera);
    let own_reads = reads(own.id(), PLATE, 3, own.now()).into_iter();
    let own_reads = own_reads.map(|read| schemas::read::Read { camera: camera.clone(), ..read });
    own.import(own_reads.map(ImportedRead::new).collect()).await;
    let theirs = reads(peer.id(), PLATE, 3, peer.now()).into_iter();
    let theirs = theirs.map(|read| schemas::read::Read { camera: camera.clone(), ..read });
    peer.import(theirs.map(ImportedRead::new).collect()).await;
    introduce(&[&peer, &own]).await;
    in_force_with(&[&peer, &own], |text| {
        text.title = words(&world.title);
        text.clauses[0].text = words(&world.reason);
    })
    .await;
    let supervisor = add_supervisor(&own, "s.name", &world.person, &world.title).await;
    let person = enrolled(&own, &own.admin(), &supervisor.user, false).await;
    let mut asked = draft(&[own.id()], PLATE, own.now());
    (asked.why.case, asked.why.reason) = (words(&world.case), words(&world.reason));
    asked.why.suspicion = words(&world.reason);
    peer.ask(&asked).await;
    let submission = Submission {
        to: Some(own.id().clone()),
        requested_by: Some(words(&world.person)),
        purpose: Some(Purpose::StolenVehicle),
        case: words(&world.case),
        reason: words(&world.reason),
        scope: RequestScope {
            plates: vec![PLATE.parse().expect("a plate")],
            valid_until: Some(own.now().plus_days(20)),
            ..RequestScope::default()
        },
        danger: Text::default(),
        after_refusal: None,
    };
    let store = peer.store();
    submit(peer.own(), peer.keys(), store.as_ref(), &peer.officer(), &submission)
        .await
        .expect("a request");
    own.wait_for_log("the request", |log| (log.count(Kind::RequestReceived) == 1).then_some(()))
        .await;
    (own, peer, admin, person)
}

/// Texts from right to left that stand on the page in no element that keeps them apart.
const MIXED: &str = "const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    const mixed = [];
    while (walk.nextNode()) {
        const one = walk.currentNode;
        if (!/[\\u0590-\\u08ff]/.test(one.textContent) || !one.parentElement.checkVisibility()) continue;
        if (!one.parentElement.closest('bdi,[dir=auto],textarea,option')) mixed.push(one.parentElement.outerHTML.slice(0, 300));
    }
    for (const one of document.querySelectorAll('main input:not([type=hidden]), main textarea'))
        if (/[\\u0590-\\u08ff]/.test(one.value) && one.dir != 'auto') mixed.push(one.outerHTML.slice(0, 300));
    return mixed";

async fn stands_well(browser: &Browser, world: &World, page: &str) {
    let name = format!("{page}, {}", world.name);
    is_readable(browser, &name).await;
    let mixed = browser.run(MIXED).await;
    assert_eq!(mixed, serde_json::json!([]), "{name}: kept apart by nothing");
    fits_on_paper(browser, &name).await;
}

/// Opens what is folded away.
async fn unfolded(browser: &Browser) {
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true").await;
}

/// Pages by their addresses, and what they say.
const PAGES: &[(&str, &str)] = &[
    ("/", "What waits for you"),
    ("/requests", "By us"),
    ("/agreements", "How it stands"),
    ("/people", "s.name"),
    ("/audit", "What is due"),
    ("/account", "Sign"),
    ("/health", "What is well"),
    ("/requests/new", "Who requests"),
];

async fn each_page(world: World) {
    let (own, _peer, admin, person) = made(&world).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &own, &admin).await;
    for (path, said) in PAGES {
        browser.go(&format!("{}{path}", origin(&own))).await.expect("a page");
        browser.reads(said).await;
        unfolded(&browser).await;
        stands_well(&browser, &world, path.trim_start_matches('/')).await;
    }
    browser.go(&format!("{}/holds", origin(&own))).await.expect("a page");
    browser.fill("#case", &world.case).await;
    browser.fill("#reason", &world.reason).await;
    browser.press("form[action='/holds'] button").await;
    browser.reads("Release").await;
    stands_well(&browser, &world, "holds").await;
    browser.press("nav a[href='/requests']").await;
    browser.press("main td a").await;
    browser.reads("Decide").await;
    stands_well(&browser, &world, "request").await;
    browser.press("form[action='/requests/sheet'] button").await;
    browser.reads("Written request for").await;
    stands_well(&browser, &world, "sheet").await;
    keep_file(&format!("sheet, {}.pdf", world.name), &browser.printed().await);
    browser.go(&format!("{}/agreements", origin(&own))).await.expect("a page");
    browser.press("main td a").await;
    browser.reads("Digest of the text").await;
    stands_well(&browser, &world, "agreement").await;
    browser.press("nav a[href='/log']").await;
    browser.press("main form button.first").await;
    browser.reads("entries fit").await;
    stands_well(&browser, &world, "log").await;
    browser.go(&format!("{}/audit", origin(&own))).await.expect("a page");
    browser.fill("#plate", PLATE).await;
    browser.press("form[action='/audit/plate'] button").await;
    browser.reads("released or showed").await;
    stands_well(&browser, &world, "who saw").await;
    browser.press("form[action='/log/entry'] button").await;
    browser.reads("That it stands in the log").await;
    unfolded(&browser).await;
    stands_well(&browser, &world, "entry").await;
    browser.press("nav a[href='/audit']").await;
    browser.press("form[action='/reports'] button").await;
    browser.reads("1 row").await;
    stands_well(&browser, &world, "report").await;
    keep_file(&format!("report, {}.pdf", world.name), &browser.printed().await);

    let hers = Browser::open(true).await;
    sign_in(&hers, &own, &person).await;
    hers.press("nav a[href='/search']").await;
    hers.fill("#plate", PLATE).await;
    hers.fill("#case", &world.case).await;
    hers.fill("#purpose", "Stolen vehicle").await;
    hers.fill("#reason", &world.reason).await;
    hers.press("button[value=case]").await;
    hers.reads("What you ask next is for this case").await;
    stands_well(&hers, &world, "search").await;
    hers.press("button[value=ask]").await;
    hers.reads("That was all").await;
    stands_well(&hers, &world, "answers").await;
    hers.press("nav a[href='/searches']").await;
    hers.reads("How far back").await;
    stands_well(&hers, &world, "my searches").await;
    hers.press("form[action^='/answers'] button").await;
    hers.reads("My searches").await;
    stands_well(&hers, &world, "kept answers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_two_hundred_letters_widen_no_page_and_no_paper() {
    each_page(long()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_right_to_left_stand_each_in_its_direction() {
    each_page(right_to_left()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reorders_letters_unseen_is_refused_with_its_number() {
    let mut own = Agency::of(Plan::of("owning-ca-pd").with_pages()).await;
    let admin = administrator(&mut own).await;
    let browser = Browser::open(true).await;
    sign_in(&browser, &own, &admin).await;
    for (hidden, number) in [("\u{202e}", "U+202E"), ("\u{2066}", "U+2066"), ("\u{200f}", "U+200F")]
    {
        browser.press("nav a[href='/holds']").await;
        browser.fill("#case", "26-00417").await;
        browser.fill("#reason", &format!("subpoena {hidden}611-62")).await;
        browser.press("form[action='/holds'] button").await;
        let said = browser.reads(number).await;
        assert!(said.contains("remove it"), "{said}");
    }
    assert_eq!(own.log().await.count(Kind::HoldPlaced), 0);
}
