//! What still holds when commits fail, nodes are killed and disks are full.

mod failing_commits;
mod full_disk;
mod killed_nodes;
