-- What endpoints outside were told of a person, for when the person asks.
CREATE INDEX webhook_event_record ON webhook_event (record_id);
