-- The plate beside the time: the first reads of a period are held against a pattern out of the index
-- alone.
drop index reads_by_time;
create index reads_by_time on reads (at, plate);
-- Plates of which some characters were not read: no order of plates leads to what they may be.
create index reads_unread on reads (at, plate) where instr(plate, '?') > 0;
