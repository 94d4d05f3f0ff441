//! Policies that verify and must not be taken in: whose they are and since when is the sender's word alone.

use agreements::policy::Policy;
use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::posted::PostedPolicy;
use schemas::time::Timestamp;

use super::{Kit, Seen, failed_as};

async fn refused(kit: &Kit, posted: &PostedPolicy, code: &str) -> Seen {
    let signed =
        Envelope::sign_json(Kind::Policy, posted, &kit.message_key).map_err(|e| e.to_string())?;
    let (mut raw, next) = kit.says(FrameKind::Document, signed.as_bytes()).await?;
    failed_as(&mut raw, next, code, true).await
}

fn posted(agency: &AgencyId, since: Timestamp) -> Result<PostedPolicy, String> {
    let text = Policy::builtin_text("california-statute").ok_or("no policy")?.to_owned();
    Ok(PostedPolicy { agency: agency.clone(), version: 1, since, text })
}

pub(super) async fn of_another(kit: &Kit) -> Seen {
    let now = kit.clock.now();
    let others = posted(&kit.them.id, now)?;
    refused(kit, &others, "unverifiable").await?;
    let unreadable =
        PostedPolicy { text: "reads = 'all of them'".into(), ..posted(&kit.me.id, now)? };
    refused(kit, &unreadable, "refused").await
}

pub(super) async fn to_come(kit: &Kit) -> Seen {
    let posted = posted(&kit.me.id, kit.clock.now().plus_days(3))?;
    refused(kit, &posted, "refused").await
}
