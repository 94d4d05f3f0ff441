//! Faults of the nodes themselves: killed, paused, restarted.

use std::time::Duration;

use tests::command_line::CliAgency;
use tests::fixtures::PLATE;

use crate::ground::{Figures, Pair};
use crate::judge::{Judged, judge};
use crate::load::{Officer, Officers, Told, resumes};
use crate::net::Net;
use audit_log::clock::Clock;

/// How often a node is killed.
const KILLS: u64 = 8;

/// Owner and requester are killed in turn, under load.
pub(crate) fn killed() -> Figures {
    let mut pair = Pair::new("killed");
    for kill in 0..KILLS {
        let officers = pair.officers(4);
        // Each time at another point of what is under way.
        std::thread::sleep(Duration::from_millis(400 + 37 * kill));
        let victim = if kill % 2 == 0 { &mut pair.owning } else { &mut pair.asking };
        victim.kill();
        std::thread::sleep(Duration::from_millis(100));
        victim.start();
        std::thread::sleep(Duration::from_millis(400));
        let told = officers.stop();
        pair.note(told);
        pair.over(&format!("kill {kill}"));
    }
    pair.figures()
}

/// How long a process is paused, in seconds: `ACCORD_PAUSE_SECONDS`, or 20.
fn pause() -> Duration {
    let given = std::env::var("ACCORD_PAUSE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(20).min(120))
}

/// A process stands still for a time, and goes on as if nothing had been.
pub(crate) fn paused() -> Figures {
    let mut pair = Pair::new("paused");
    for owner in [true, false] {
        let officers = pair.officers(3);
        std::thread::sleep(Duration::from_millis(500));
        let victim = if owner { &pair.owning } else { &pair.asking };
        victim.signal("STOP");
        std::thread::sleep(pause());
        victim.signal("CONT");
        std::thread::sleep(Duration::from_secs(1));
        let told = officers.stop();
        pair.note(told);
        let whose = if owner { "owner" } else { "requester" };
        pair.over(&format!("the {whose} stood still for {} s", pause().as_secs()));
    }
    pair.figures()
}

const AGENCIES: [&str; 3] = ["first-ca-pd", "second-ca-pd", "third-ca-pd"];

/// Every node of a federation is restarted, one after another, while all ask all.
pub(crate) fn restarted() -> Figures {
    let net = Net::new("rolling", AGENCIES.len());
    let clock = Clock::system();
    let mut hands: Vec<CliAgency> = AGENCIES
        .iter()
        .enumerate()
        .map(|(node, id)| {
            let listen = format!("/ip4/{}/tcp/7420", Net::address(node));
            CliAgency::without_home(id)
                .run_under(&["ip", "netns", "exec", &net.node(node)], &[])
                .init_with("california-statute", &listen, &[])
                .start_with_officer()
        })
        .collect();
    for at in &hands {
        for of in hands.iter().filter(|of| of.id != at.id) {
            at.add_card(of);
        }
        at.add_reads(PLATE, 3);
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        hands[one].agree_with(&hands[other]);
    }
    let others = |node: usize| -> Vec<&'static str> {
        AGENCIES.iter().copied().filter(|id| *id != AGENCIES[node]).collect()
    };
    let mut told: Vec<Vec<Told>> = vec![Vec::new(); AGENCIES.len()];
    let mut figures =
        Figures { label: "restarted", faults: 0, asked: 0, answered: 0, judged: Judged::default() };
    for round in 0..2 {
        let officers: Vec<Officers> = hands
            .iter()
            .enumerate()
            .map(|(node, agency)| Officers::at(&Officer::of(agency), 2, &others(node), &clock))
            .collect();
        for agency in &mut hands {
            std::thread::sleep(Duration::from_millis(500));
            assert_eq!(agency.stop(), 0, "round {round}: {} stops in order", agency.id);
            agency.start();
            figures.faults += 1;
        }
        std::thread::sleep(Duration::from_millis(500));
        for (told, officers) in told.iter_mut().zip(officers) {
            told.extend(officers.stop());
        }
        for (node, agency) in hands.iter().enumerate() {
            for owner in others(node) {
                told[node].extend(resumes(
                    "after the restarts",
                    &Officer::of(agency),
                    owner,
                    &clock,
                ));
            }
        }
        for agency in &hands {
            agency.wait_for_delivery();
        }
    }
    for told in told.iter().flatten() {
        figures.asked += 1;
        figures.answered += u64::from(told.outcome == "answered");
    }
    figures.judged = between_all(&hands, &told);
    for agency in &mut hands {
        assert_eq!(agency.stop(), 0);
    }
    drop(hands);
    drop(net);
    figures
}

/// The judgements of all pairs, taken together.
fn between_all(hands: &[CliAgency], told: &[Vec<Told>]) -> Judged {
    let mut all = Judged::default();
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let of = |asker: usize, owner: usize| {
            told[asker].iter().filter(move |told| told.owner == AGENCIES[owner]).cloned()
        };
        let both: Vec<Told> = of(one, other).chain(of(other, one)).collect();
        let judged = judge("after all restarts", &hands[one], &hands[other], &both);
        all.matched += judged.matched;
        all.refused += judged.refused;
        for (class, count) in judged.one_sided {
            *all.one_sided.entry(class).or_default() += count;
        }
    }
    all
}
