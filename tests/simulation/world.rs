//! A federation from its founding to the end of a life.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::agreements::agreement::Agreement;
use ::sign_in::Secret;
use node::admin::agreements::{self, AdherenceInput, prepare_adherence, sign_adherence};
use node::admin::cards::{self, Confirmation};
use node::admin::people;
use node::permission::ActError;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::plate::Plate;
use schemas::purpose::{QueryKind, Role};
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use schemas::user::User;
use tests::fixtures::{agreement, officer, words};
use tests::identity::envelope_text;
use tests::officials::as_demanded;
use tokio::task::JoinSet;

use crate::acts;
use crate::agency::{Common, Running, SimAgency, or_crash};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::dishonest::{Liar, deeds};
use crate::faults;
use crate::net::Net;
use crate::rules;
use crate::script::{AGENCIES, Fault, Script, Step, What};
use crate::store::Disk;
use crate::truth::{Bound, Truth};

/// The plates that cars have here.
pub(crate) const PLATES: [&str; 5] = ["7ABC123", "8XYZ987", "6DEF456", "7A8C123", "5LMN321"];
/// Longest that anything a person does may take once nothing goes wrong any more.
const LONGEST: Duration = Duration::from_secs(1_200);
/// How long letters, receipts and proofs have to arrive after that.
const SETTLING: Duration = Duration::from_secs(240);

/// A read that was put in, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Imported {
    pub(crate) agency: usize,
    pub(crate) id: ReadId,
    pub(crate) at: Timestamp,
    pub(crate) plate: Plate,
}

/// What a hold keeps.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) plate: Plate,
    /// The reads of that plate that were there when it was placed.
    pub(crate) reads: BTreeSet<ReadId>,
}

/// What the people of a life know.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) reads: Vec<Imported>,
    pub(crate) asked: Vec<(usize, QueryId)>,
    /// Holds by agency and number.
    pub(crate) holds: BTreeMap<(usize, u64), Held>,
    pub(crate) agreements: Vec<AuthorityId>,
    /// Earlier copies of databases, and how many entries they hold.
    pub(crate) earlier: BTreeMap<usize, (Arc<Disk>, u64)>,
    /// Who asks peers at an agency, once she is enrolled.
    pub(crate) people: BTreeMap<usize, Person>,
    /// Reads that sources brought, and those of them that were withdrawn.
    pub(crate) brought: BTreeMap<usize, BTreeSet<ReadId>>,
    pub(crate) withdrawn: BTreeMap<usize, BTreeSet<ReadId>>,
}

/// What somebody has who signs in.
#[derive(Default)]
pub(crate) struct Person {
    /// The codes of her card that are not used yet.
    pub(crate) card: Vec<String>,
    /// The session that is open, and since when.
    pub(crate) session: Option<(Secret, Timestamp)>,
    /// The session that she let the agency's program have.
    pub(crate) lent: Option<Secret>,
}

/// A federation.
pub(crate) struct World {
    pub(crate) script: Script,
    pub(crate) agencies: Vec<SimAgency>,
    pub(crate) net: Arc<Net>,
    pub(crate) truth: Truth,
    pub(crate) bug: Option<Bug>,
    pub(crate) liar: Liar,
    pub(crate) known: Mutex<Known>,
}

impl World {
    /// What people know.
    pub(crate) fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The node of an agency, if it runs.
    pub(crate) fn node(&self, agency: usize) -> Option<Arc<Running>> {
        self.agencies.get(agency)?.running()
    }

    pub(crate) fn id(&self, agency: usize) -> &AgencyId {
        self.agencies[agency].id()
    }

    /// Everybody but who is dishonest.
    pub(crate) fn honest(&self) -> Vec<usize> {
        (0..self.agencies.len()).filter(|agency| !self.liar.is(*agency)).collect()
    }

    /// The log of an agency as an auditor has it in hand.
    pub(crate) async fn bundle_of(&self, agency: usize) -> Option<Vec<u8>> {
        let node = self.node(agency)?;
        match rules::exported(&node, self, agency).await {
            Ok(bundle) => Some(bundle),
            Err(error) => {
                self.truth.broken("verifies", format!("agency {agency}: {error}"));
                None
            }
        }
    }

    /// All nodes are down, and time passes.
    pub(crate) async fn night(&self, hours: u64) {
        for agency in &self.agencies {
            agency.crash();
        }
        tokio::time::sleep(Duration::from_secs(hours * 3_600)).await;
        for agency in &self.agencies {
            self.start(agency.index).await;
        }
    }

    /// Plays a script to its end.
    pub(crate) async fn play(script: Script, bug: Option<Bug>, trace: bool) -> Arc<Self> {
        let dice = Dice::of(script.seed ^ 0x00d1_ce00);
        let liar = Liar::of(script.dishonest);
        let who = script.dishonest.map(|(who, _)| who);
        let truth = Truth::of(script.agencies.len(), who, trace);
        truth.tell(|| format!("dishonest: {:?}", script.dishonest));
        let net = Net::new(dice.clone(), truth.clone(), bug, liar.clone());
        let (net_too, truth_too) = (net.clone(), truth.clone());
        let common = Common { net: net_too, dice, truth: truth_too, bug, liar: liar.clone() };
        let mut agencies = Vec::new();
        for (index, which) in script.agencies.iter().enumerate() {
            let (id, policy) = AGENCIES[*which];
            agencies.push(SimAgency::new(index, id, policy, common.clone()).await);
        }
        let known = Mutex::default();
        let world = Arc::new(Self { script, agencies, net, truth, bug, liar, known });
        world.found().await;
        world.live().await;
        world.truth.tell_frames();
        world.end().await;
        world.truth.tell_frames();
        world
    }

    /// Starts every node, and makes the agencies known to each other.
    async fn found(&self) {
        for agency in &self.agencies {
            self.start(agency.index).await;
            let running = agency.running().expect("a node that has just started");
            for person in staff(agency, &running) {
                people::add(running.own(), &agency.admin(), &person).await.expect("a person");
            }
        }
        for at in &self.agencies {
            let running = at.running().expect("a node");
            for of in self.agencies.iter().filter(|of| of.index != at.index) {
                let confirmation = Confirmation {
                    envelope: envelope_text(&of.identity.card_envelope()),
                    fingerprint: of.identity.agency_key.public().fingerprint(),
                    verified_by: words("telephone"),
                    kind: None,
                    state: None,
                    replace: false,
                };
                cards::add(running.own(), &at.admin(), &confirmation).await.expect("a card");
            }
        }
        let dice = Dice::of(self.script.seed ^ 0xa9_4ee5);
        let all: Vec<usize> = (0..self.agencies.len()).collect();
        self.agree(&all, &dice).await;
        self.agree(&[0, 1], &dice).await;
        for agency in 0..self.agencies.len() {
            acts::import(self, agency, &dice).await;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }

    /// An agreement between some agencies, as far as their policies let them sign one and their nodes run.
    pub(crate) async fn agree(&self, parties: &[usize], dice: &Dice) {
        let first = &self.agencies[parties[0]];
        let ids: Vec<&AgencyId> = parties.iter().map(|party| self.id(*party)).collect();
        let mut text = agreement(&ids, first.now());
        text.query_kinds = QueryKind::ALL.to_vec();
        text.daily_limit =
            dice.happens(500).then(|| 3 + u32::try_from(dice.below(20)).unwrap_or(0));
        if dice.happens(300) {
            text.expires =
                first.now().plus_millis(3_600_000 * i64::try_from(dice.within(1..72)).unwrap_or(1));
        }
        let bound = Bound { uses: None, daily: text.daily_limit, end: Some(text.expires) };
        self.truth.bound(text.id.clone(), bound);
        self.known(|known| known.agreements.push(text.id.clone()));
        for party in parties {
            let Some(node) = self.node(*party) else { continue };
            let signing = async {
                let signed = self.sign(&node, *party, &text, *party == parties[0]).await;
                self.truth.tell(|| format!("agency {party} signs {}: {signed:?}", text.id));
            };
            or_crash(&node, signing).await;
        }
    }

    async fn sign(
        &self,
        running: &Running,
        agency: usize,
        text: &Agreement,
        proposing: bool,
    ) -> Result<(), ActError> {
        let at = &self.agencies[agency];
        let (own, by) = (running.own(), at.official());
        for _ in 0..100 {
            if proposing || agreements::show(own, &text.id, None).is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let prepared = prepare_adherence(own, &by, text, &AdherenceInput::default())?;
        let exact = text.to_toml().expect("an agreement");
        let key = &at.identity.agency_key;
        let adherence = sign_adherence(text, &exact, at.id(), prepared, None, at.now(), key)?;
        if proposing {
            let proposal = envelope_text(&at.identity.propose(text));
            agreements::propose(own, &by, &proposal, &adherence).await?;
        } else {
            agreements::adhere(own, &by, &adherence).await?;
        }
        Ok(())
    }

    /// Starts the node of an agency, unless it runs.
    pub(crate) async fn start(&self, agency: usize) {
        let at = &self.agencies[agency];
        if at.running().is_some() {
            return;
        }
        let started = at.start().await;
        self.truth.tell(|| format!("agency {agency} starts: {started:?}"));
        if let Some(running) = at.running() {
            tokio::spawn(SimAgency::cosigning(running.clone()));
            tokio::spawn(async move { running.upkeep_of_sessions().await });
        }
    }

    /// One step after the other; what people do takes its time meanwhile.
    async fn live(self: &Arc<Self>) {
        let mut acts = JoinSet::new();
        for step in &self.script.steps {
            tokio::time::sleep(Duration::from_millis(step.after_ms)).await;
            self.truth.count(|figures| figures.steps += 1);
            let began = self.agencies[0].now();
            self.truth.tell(|| format!("{began} step {}: {:?}", step.number, step.what));
            self.restart_some(step).await;
            self.step(step, &mut acts).await;
            while let Some(done) = acts.try_join_next() {
                self.joined(done);
            }
            if !self.truth.violations().is_empty() {
                break;
            }
        }
        // From here on nothing goes wrong any more, and service resumes by itself.
        faults::end(self).await;
        let all = async {
            while let Some(done) = acts.join_next().await {
                self.joined(done);
            }
        };
        if tokio::time::timeout(LONGEST, all).await.is_err() {
            self.truth.broken("stuck", "what somebody does does not end".into());
        }
    }

    /// What has crashed is started again sooner or later, as its machine does.
    async fn restart_some(&self, step: &Step) {
        let dice = Dice::of(self.script.dice(step).next());
        for agency in 0..self.agencies.len() {
            if dice.happens(300) {
                self.start(agency).await;
            }
        }
    }

    fn joined(&self, done: Result<(), tokio::task::JoinError>) {
        if let Err(error) = done
            && error.is_panic()
        {
            self.truth.broken("panic", error.to_string());
        }
    }

    async fn step(self: &Arc<Self>, step: &Step, acts: &mut JoinSet<()>) {
        match &step.what {
            What::Act(act) => {
                let (world, act, dice) = (self.clone(), act.clone(), self.script.dice(step));
                acts.spawn(async move { acts::perform(&world, &act, &dice).await });
            }
            What::Deed => deeds::deed(self, &self.script.dice(step)).await,
            What::Fault(fault) => {
                // To start what has crashed mends something.
                let wrong = !matches!(fault, Fault::Start { .. });
                self.truth.count(|figures| figures.faults += u64::from(wrong));
                faults::inflict(self, fault).await;
            }
        }
    }

    /// What must hold at the end.
    async fn end(&self) {
        if !self.truth.violations().is_empty() {
            return;
        }
        tokio::time::sleep(SETTLING).await;
        rules::at_the_end(self).await;
    }
}

/// Who works at an agency, besides its administrator.
fn staff(agency: &SimAgency, running: &Running) -> Vec<User> {
    let now = agency.now();
    let state = running.own().registry.state();
    let policy = state.policy.as_ref().expect("a policy");
    let titles = &policy.approval.requests.titles;
    let title = titles.first().cloned().unwrap_or_else(|| words("Chief of Police"));
    let person = |name: &str, full_name: &str, title, roles| User {
        name: name.parse().expect("a user name"),
        full_name: words(full_name),
        title,
        roles,
        ..officer(now)
    };
    let staff = [
        officer(now),
        person("d.ispatch", "Dana Patch", words("Dispatcher"), vec![Role::Dispatcher]),
        person("c.doe", "Chris Doe", title, vec![Role::Supervisor, Role::AlprAdministrator]),
        person("a.uditor", "Ann Uditor", words("Auditor"), vec![Role::Auditor]),
    ];
    let (people, trainers): (Vec<_>, Vec<_>) =
        staff.into_iter().map(|person| as_demanded(policy, person)).unzip();
    trainers.into_iter().flatten().take(1).chain(people).collect()
}

/// The reads of a batch as they are kept in mind.
pub(crate) fn kept_in_mind(agency: usize, batch: &[Read]) -> Vec<Imported> {
    let one =
        |read: &Read| Imported { agency, id: read.id, at: read.at, plate: read.plate.clone() };
    batch.iter().map(one).collect()
}
