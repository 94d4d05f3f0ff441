//! Namespaces of the suite's own: a hub with a bridge, and one for each node, joined to it.
//!
//! Nothing outside them is changed. They have the suite's process id in their names, go with the
//! value that made them, also when a claim fails, and those of a run that was killed are swept away
//! by the next one.

use std::path::Path;
use std::process::{Command, Stdio};

/// The hub's own address, where relays listen.
pub(crate) const HUB: &str = "10.77.0.1";
const PREFIX: &str = "accord-faults-";

/// Runs a program; what it says, or why it failed.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, String> {
    let ended = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    Err(format!("{program} {args:?}: {}", String::from_utf8_lossy(&ended.stderr).trim()))
}

fn ip(args: &[&str]) {
    run("ip", args).unwrap_or_else(|e| panic!("{e}"));
}

/// Why namespaces cannot be made here, if they cannot.
pub(crate) fn impossible() -> Option<String> {
    if run("id", &["-u"]).ok().as_deref().map(str::trim) != Some("0") {
        return Some("it makes network namespaces, which takes root".into());
    }
    let name = format!("{PREFIX}{}-try", std::process::id());
    let made = run("ip", &["netns", "add", &name]);
    drop(run("ip", &["netns", "del", &name]));
    made.err().map(|why| format!("network namespaces cannot be made here: {why}"))
}

/// Removes what runs that were killed have left.
pub(crate) fn sweep() {
    let names = run("ip", &["netns", "list"]).unwrap_or_default();
    for name in names.lines().filter_map(|line| line.split_whitespace().next()) {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let Some((pid, _)) = rest.split_once('-') else { continue };
        if !Path::new("/proc").join(pid).exists() {
            drop(run("ip", &["netns", "del", name]));
        }
    }
}

/// The hub and the namespaces of nodes.
pub(crate) struct Net {
    label: String,
    nodes: usize,
}

impl Net {
    /// A hub and `nodes` nodes, all of which reach each other.
    pub(crate) fn new(label: &str, nodes: usize) -> Self {
        let net = Self { label: format!("{PREFIX}{}-{label}", std::process::id()), nodes };
        let hub = net.hub();
        ip(&["netns", "add", &hub]);
        ip(&["-n", &hub, "link", "set", "lo", "up"]);
        ip(&["-n", &hub, "link", "add", "bridge", "type", "bridge"]);
        ip(&["-n", &hub, "address", "add", &format!("{HUB}/24"), "dev", "bridge"]);
        ip(&["-n", &hub, "link", "set", "bridge", "up"]);
        for node in 0..nodes {
            let (name, port) = (net.node(node), Self::port(node));
            ip(&["netns", "add", &name]);
            ip(&["-n", &name, "link", "set", "lo", "up"]);
            let pair = ["type", "veth", "peer", "name", "eth0", "netns", &name];
            ip(&[&["-n", &hub, "link", "add", &port][..], &pair].concat());
            ip(&["-n", &hub, "link", "set", &port, "master", "bridge"]);
            ip(&["-n", &hub, "link", "set", &port, "up"]);
            let address = format!("{}/24", Self::address(node));
            ip(&["-n", &name, "address", "add", &address, "dev", "eth0"]);
            ip(&["-n", &name, "link", "set", "eth0", "up"]);
        }
        net
    }

    /// The namespace of the bridge and of relays.
    pub(crate) fn hub(&self) -> String {
        format!("{}-hub", self.label)
    }

    /// The namespace of a node.
    pub(crate) fn node(&self, node: usize) -> String {
        format!("{}-{node}", self.label)
    }

    /// The address of a node.
    pub(crate) fn address(node: usize) -> String {
        format!("10.77.0.{}", 11 + node)
    }

    fn port(node: usize) -> String {
        format!("port{node}")
    }

    /// Pulls a node's cable, or plugs it in again.
    pub(crate) fn plug(&self, node: usize, plugged: bool) {
        let state = if plugged { "up" } else { "down" };
        ip(&["-n", &self.hub(), "link", "set", &Self::port(node), state]);
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for node in 0..self.nodes {
            drop(run("ip", &["netns", "del", &self.node(node)]));
        }
        drop(run("ip", &["netns", "del", &self.hub()]));
    }
}
