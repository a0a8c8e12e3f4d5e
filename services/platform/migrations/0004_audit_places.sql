-- Where an entry stands in the chain, for those who wrote it and look for it.
CREATE INDEX audit_link_entry ON audit_link (entry_id);
