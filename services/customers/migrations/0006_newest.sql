-- Pages of what is in use are found in these alone.
CREATE INDEX customer_owner_newest ON customer (owner_id, create_time DESC, id DESC) INCLUDE (state);
CREATE INDEX customer_group_newest ON customer (group_id, create_time DESC, id DESC) INCLUDE (state);
DROP INDEX customer_owner;
DROP INDEX customer_group;
ALTER INDEX customer_owner_newest RENAME TO customer_owner;
ALTER INDEX customer_group_newest RENAME TO customer_group;
