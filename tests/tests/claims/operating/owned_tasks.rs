//! A node owns its tasks: one that fails stops the node with a reason, rather than a node that only
//! seems to work; and a node that stops leaves none of them behind.

use node::permission::{ActError, ErrorClass};
use node::run::TaskFailure;
use tests::agency::{Agency, Plan};
use tests::wait::within;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_task_panics_stops_with_a_reason() {
    let agency = Agency::start("owner-ca-pd").await;
    let node = agency.node().clone();
    agency.store().panic_at_outbox();
    let never_asked = std::future::pending();
    let failure = within("the node stops", node.run_until(never_asked)).await;
    let failure = failure.expect_err("nobody asked it to stop");
    let message = "the outbox has a flaw".to_owned();
    assert_eq!(failure, TaskFailure::Panicked { task: "delivery", message });
    assert_eq!(node.running_tasks(), [""; 0]);
    assert!(!agency.home().join("accord.sock").exists(), "no command reaches it any more");
    // What `accord run` says, and its exit code.
    let error = ActError::from(failure);
    assert_eq!(error.class(), ErrorClass::Failed);
    let said = error.to_string();
    assert!(said.contains("`delivery`") && said.contains("the outbox has a flaw"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_asked_to_stop_leaves_no_task_behind() {
    let agency = Agency::of(Plan::of("owner-ca-pd").with_https()).await;
    let node = agency.node().clone();
    let running = node.running_tasks();
    for task in ["socket", "HTTPS", "delivery", "network", "log writer", "log anchor", "retention"]
    {
        assert!(running.contains(&task), "{task} is none of {running:?}");
    }
    within("the node stops", node.run_until(std::future::ready(()))).await.expect("no failure");
    assert_eq!(node.running_tasks(), [""; 0]);
}
