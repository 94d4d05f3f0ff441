-- The plate beside the time: the first reads of a period are held against a pattern out of the index
-- alone.
drop index reads_by_time;
create index reads_by_time on reads (at, plate);
